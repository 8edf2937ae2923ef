"""The engine reads no clock, no file, no socket, no chance, and writes no log."""

from __future__ import annotations

import ast
from pathlib import Path

import gateway.engine

ALLOWED = {
    *("__future__", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib"),
    *("importlib", "pkgutil", "re", "types", "typing", "unicodedata", "msgspec", "gateway"),
}
OURS = (
    *("gateway.engine", "gateway.errors", "gateway.events"),
    *("gateway.menu.program", "gateway.menu.messages", "gateway.menu.keypad"),
)
CLOCKS = {"now", "today", "utcnow", "fromtimestamp"}


def sources() -> list[Path]:
    return sorted(Path(gateway.engine.__file__).parent.rglob("*.py"))


def imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            found.add(node.module or "")
    return found


def test_the_engine_imports_nothing_that_could_reach_out() -> None:
    for path in sources():
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            assert name.partition(".")[0] in ALLOWED, f"{path.name} imports {name}"
            if name.startswith("gateway."):
                assert name.startswith((*OURS, "gateway.text.")), f"{path.name} imports {name}"


def test_the_engine_asks_no_clock() -> None:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in CLOCKS, f"{path.name}:{node.lineno}"
                assert node.func.attr != "open", f"{path.name}:{node.lineno}"


def test_small_files() -> None:
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 300 for path in sources())
