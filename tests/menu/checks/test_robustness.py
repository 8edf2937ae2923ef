"""The rules look at whatever could be compiled, and never stumble over it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.cli.check import as_text, everything
from gateway.menu import checks, load
from gateway.menu.findings import Severity

EXAMPLE = Path(__file__).parents[1] / "data/example"


def test_the_example_of_the_menu_language_is_clean() -> None:
    """Nothing is wrong with it; all that is said is what nobody has translated yet."""
    findings = everything(load(EXAMPLE, drafts=True))
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    assert {one.code for one in findings} <= {"missing-translation", "draft-language"}


@pytest.mark.parametrize("first", range(4))
def test_any_missing_line_is_survived(first: int, tmp_path: Path) -> None:
    """Each line of the example is taken out in turn: findings, never an exception."""
    shutil.copytree(EXAMPLE, tmp_path / "menus")
    path = tmp_path / "menus/etat-civil.yaml"
    lines = path.read_text(encoding="utf-8").split("\n")
    said = []
    for number in range(first, len(lines), 4):
        path.write_text("\n".join(lines[:number] + lines[number + 1 :]), encoding="utf-8")
        said.append(as_text(everything(load(tmp_path / "menus", drafts=True))))
    assert any("error" in text for text in said)


def test_nothing_is_said_of_files_that_did_not_compile(tmp_path: Path) -> None:
    """A step that was left out would make other steps look wrong."""
    shutil.copytree(EXAMPLE, tmp_path / "menus")
    path = tmp_path / "menus/commun/identifier.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("save: npi", "save: npi\n      x: y"))
    other = tmp_path / "menus/accueil.yaml"
    other.write_text(other.read_text(encoding="utf-8").replace("publics", "publics…"))
    loaded = load(tmp_path / "menus", drafts=True)
    assert loaded.compiled is not None
    broken = frozenset(finding.place.file for finding in loaded.findings)
    assert broken == {path.as_posix()}
    found = checks.run(loaded.compiled, warnings=True, broken=broken)
    assert {finding.place.file for finding in found} == {other.as_posix()}
