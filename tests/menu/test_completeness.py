"""Nothing is dropped without a word: no error, and every step of the files is compiled."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gateway.menu import load
from gateway.menu.findings import Findings, Severity
from gateway.menu.source import Map, Seq, parse
from tests.menu.checks.case import FOLDER, cases_of
from tests.menu.folder import lay, service
from tests.menu.test_cases import CASES
from tests.menu.test_cases import lay as lay_case

SHIPPED = Path(__file__).parents[2] / "menus"


def written(path: Path) -> dict[str, int]:
    """How many steps each part of a file has."""
    root = parse(path.as_posix(), path.read_text(encoding="utf-8"), Findings())
    flow = root.get("flow") if isinstance(root, Map) else None
    entries = flow.entries if isinstance(flow, Map) else []
    return {key.text: len(steps.items) for key, steps in entries if isinstance(steps, Seq)}


def dropped(menus: Path) -> list[str]:
    """Parts with fewer steps than their file says, though no error tells so."""
    loaded = load(menus, drafts=True)
    if any(finding.severity is Severity.ERROR for finding in loaded.findings):
        return []
    assert loaded.program is not None
    return [
        f"{name}#{part}"
        for name, compiled in loaded.program.services.items()
        for part, count in written(menus / f"{name}.yaml").items()
        if len(compiled.parts.get(part, ())) != count
    ]


def folders() -> Iterator[tuple[str, Path]]:
    """Every case that we have, laid out."""
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            folder = Path(tempfile.mkdtemp())
            yield f"{path.stem}: {case['case']}", lay_case(case, folder)[0]
    for path in sorted(FOLDER.glob("*.yaml")):
        for said in cases_of(path):
            folder = Path(tempfile.mkdtemp())
            said.findings(folder)
            yield f"{said.code}: {said.case}", folder / "menus"


def test_no_case_loses_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong in all the ways that we know, none is served with a step less."""
    monkeypatch.setattr(tempfile, "tempdir", tmp_path.as_posix())
    lost = {name: parts for name, folder in folders() if (parts := dropped(folder))}
    assert lost == {}


def test_the_shipped_menus_lose_no_step() -> None:
    """All that agencies wrote is there."""
    assert dropped(SHIPPED) == []


@pytest.mark.parametrize(
    "steps",
    [
        "- switch:\n    - else: home",
        "- switch: []",
        "- menu: Quoi ?\n  choices: [*a]",
        "- list: x\n  text: Quoi ?\n  item: a\n  choices: [*a]",
        "- *a",
        "- say: *a",
        "- switch:\n    - *a\n    - else: home",
        "- { }",
        "-",
        "- say: {one: a, other: b, count: }",
    ],
)
def test_what_is_not_compiled_is_told(steps: str, tmp_path: Path) -> None:
    """Steps that say nothing of use."""
    menus, _ = lay(tmp_path, {"essai.yaml": service(f"{steps}\n- go: home")})
    loaded = load(menus, drafts=True)
    assert loaded.program is None
    assert any(finding.place.file.endswith("essai.yaml") for finding in loaded.findings)
