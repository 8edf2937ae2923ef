"""`docs/checks.md` explains each rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.menu.checks import registry

PAGE = Path(__file__).parents[3] / "docs/checks.md"


@pytest.mark.parametrize("code", list(registry()))
def test_every_rule_has_its_line(code: str) -> None:
    """With the first line of its docstring."""
    assert f"| `{code}` | {registry()[code].why} |\n" in PAGE.read_text(encoding="utf-8")


def test_no_line_is_of_a_rule_that_is_gone() -> None:
    """Codes are stable; one that goes is missed by who looks it up."""
    lines = PAGE.read_text(encoding="utf-8").split("\n")
    codes = {line.split("`")[1] for line in lines if line.startswith("| `") and "-" in line[:20]}
    rules = set(registry())
    assert {code for code in codes if not code.startswith("-") and " " not in code} <= rules
