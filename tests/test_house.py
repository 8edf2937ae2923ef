"""The house as `docs/architecture.md` draws it: rooms import downward only, and stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gateway"
MOST_LINES = 500

MAY_IMPORT = {
    "deadlines": "",
    "errors": "",
    "events": "",
    "text": "errors events",
    "menu": "errors events text",
    "engine": "errors events menu text",
    "channels": "errors events menu text engine",
    "providers": "errors events text",
    "store": "errors events",
    "logs": "errors",
    "metrics": "",
    "backends": "errors events menu store metrics",
    "messaging": "deadlines errors events text menu store providers logs metrics",
    "turns": "deadlines errors events text menu engine channels store backends messaging logs"
    " metrics",
    "scenarios": "errors events text menu engine channels",
    "callbacks": "deadlines errors events providers logs metrics",
    "protocol": "callbacks errors logs providers",
    "operations": "metrics",
    "settings": "errors store",
    "centre": "errors events text menu store providers messaging logs metrics",
    "web": "errors events text menu store messaging centre turns logs metrics",
    "demo": "",
    "app": "errors events menu store providers backends messaging centre turns callbacks operations"
    " api web logs metrics settings",
    "api": "deadlines errors events text menu store providers messaging centre logs metrics",
    "workshop": "backends callbacks centre menu messaging metrics providers store turns",
    "cli": "errors events text menu store providers channels scenarios messaging centre web demo"
    " api app logs metrics operations protocol settings workshop",
}


def modules() -> list[Path]:
    return sorted(
        path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem != "__init__"
    )


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The rooms of ours that a module imports, those for type checking alone included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module]
            if node.module == "gateway":
                names = [f"gateway.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "gateway" and rest and rest != "__version__":
                yield rest.split(".")[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_below(path: Path) -> None:
    own = room(path.relative_to(PACKAGE).parts)
    assert own in MAY_IMPORT, f"a new room: give « {own} » its place in the table"
    assert set(imported(path)) - {own} <= set(MAY_IMPORT[own].split())


def test_the_page_about_the_architecture_names_every_room() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+)(?:/|\.py)`", page))
    assert set(MAY_IMPORT) <= named


def test_no_file_is_longer_than_a_reader_bears() -> None:
    files = [*modules(), *(ROOT / "tests").rglob("*.py"), *(PACKAGE / "web").rglob("*.[cj]*s")]
    long = {str(path): lines for path in files if (lines := _lines(path)) > MOST_LINES}
    assert long == {}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
