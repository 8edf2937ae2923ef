"""Every finding has its case: small menus, and where exactly what is found in them.

A file of `cases/` is named after its code. Each case lays its `files` (and `locales`, `links`,
`sizes`, `bytes` in hexadecimal) over the sound menus of `data/small`, `without` some of them,
and `finds` exactly what it says: `file:line:column code`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.menu import load
from gateway.menu.codes import EXPLAINED, Code
from gateway.menu.findings import Severity

HERE = Path(__file__).parent
CASES = HERE / "cases"
SMALL = HERE / "data" / "small"


def cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield pytest.param(path.stem, case, id=f"{path.stem}: {case['case']}")


def lay(case: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """The case's menus and catalogues, written below `folder`."""
    menus, locales = folder / "menus", folder / "locales"
    shutil.copytree(SMALL, menus)
    for name in case.get("without", ()):
        (menus / name).unlink()
    for base, key in ((menus, "files"), (locales, "locales")):
        for name, text in case.get(key, {}).items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
    for name, content in case.get("bytes", {}).items():
        (menus / name).write_bytes(bytes.fromhex(content))
    for name, target in case.get("links", {}).items():
        (menus / name).symlink_to(target)
    for name, size in case.get("sizes", {}).items():
        with (menus / name).open("wb") as file:
            file.truncate(size)
    return menus, locales


@pytest.mark.parametrize(("code", "case"), list(cases()))
def test_case_finds_exactly_what_it_says(code: str, case: dict[str, Any], tmp_path: Path) -> None:
    """Each fault is found at its place, and nothing else is."""
    menus, locales = lay(case, tmp_path)
    loaded = load(menus, [locales], drafts=True)
    found = [
        f"{Path(finding.place.file).relative_to(tmp_path)}:{finding.place.line}"
        f":{finding.place.column} {finding.code}".removeprefix("menus/")
        for finding in loaded.findings
    ]
    assert found == case["finds"]
    assert code in {finding.code for finding in loaded.findings}
    fatal = any(finding.severity is Severity.ERROR for finding in loaded.findings)
    assert (loaded.program is None) is fatal


def test_every_code_has_a_case() -> None:
    """A new code without a case fails here."""
    assert {path.stem for path in CASES.glob("*.yaml")} == {str(code) for code in Code}


def test_every_code_is_explained_and_documented() -> None:
    """A code that nobody can look up helps nobody."""
    page = (HERE.parents[1] / "docs" / "menu-language.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert set(EXPLAINED) == set(Code)
    assert {str(code) for code in Code} <= documented


def test_the_small_menus_are_sound() -> None:
    """What the cases are laid over is without fault."""
    loaded = load(SMALL, drafts=True)
    assert loaded.findings == ()
    assert loaded.program is not None


@pytest.mark.parametrize("name", ["etat-civil.yaml", "etat-civil.test.yaml", "site.yaml"])
def test_the_documented_example_is_the_one_that_loads(name: str) -> None:
    """What authors copy from the page is what the tests try."""
    page = (HERE.parents[1] / "docs" / "menu-language.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert (HERE / "data" / "example" / name).read_text(encoding="utf-8") in blocks
