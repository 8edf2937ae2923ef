"""Every rule against its cases: a file a rule, with what it must find and what it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.menu.checks import registry
from gateway.menu.findings import Severity
from tests.menu.checks.case import FOLDER, Case, cases_of, line

FILES = sorted(FOLDER.glob("*.yaml"))
CASES = [case for path in FILES for case in cases_of(path)]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.code}: {case.case}" for case in CASES])
def test_case(case: Case, tmp_path: Path) -> None:
    """What the rule finds is what the case says, at its place and with its words."""
    findings = case.findings(tmp_path)
    strange = [line(one, tmp_path) for one in findings if one.code not in registry()]
    assert strange == [], "the case does not compile"
    errors = {
        one.code for one in findings if one.severity is Severity.ERROR and one.code != case.code
    }
    assert errors == set(), "the case is wrong beside what it shows"
    assert [line(one, tmp_path) for one in findings if one.code == case.code] == case.finds


@pytest.mark.parametrize("code", list(registry()))
def test_every_rule_has_a_bad_and_a_good_case(code: str) -> None:
    """A rule without cases is no rule."""
    finds = [case.finds for case in CASES if case.code == code]
    assert any(finds), f"tests/menu/checks/cases/{code}.yaml: where the rule finds something"
    assert not all(finds), f"tests/menu/checks/cases/{code}.yaml: where it finds nothing"


def test_every_case_file_belongs_to_a_rule() -> None:
    """A renamed rule takes its cases along."""
    assert {path.stem for path in FILES} <= set(registry())


def test_every_rule_says_what_it_is_for() -> None:
    """Its docstring's first line, which the documentation lists."""
    assert [rule.code for rule in registry().values() if not rule.why] == []
