"""Small deployments for tests: the sound menus of `data/small`, and what a test lays over them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from gateway.menu import Loaded, load
from gateway.menu.codes import Code
from gateway.menu.program import Program

SMALL = Path(__file__).parent / "data" / "small"
HEAD = "title: Essai\nagency: mairie\nflow:\n  start:\n"


def lay(
    folder: Path, files: Mapping[str, str], locales: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """Menus and catalogues below `folder`."""
    menus, translations = folder / "menus", folder / "locales"
    if not menus.exists():
        shutil.copytree(SMALL, menus)
    for base, texts in ((menus, files), (translations, locales or {})):
        for name, text in texts.items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
    return menus, translations


def loading(
    folder: Path, files: Mapping[str, str], locales: Mapping[str, str] | None = None
) -> Loaded:
    menus, translations = lay(folder, files, locales)
    return load(menus, [translations], drafts=True)


def program(
    folder: Path, files: Mapping[str, str], locales: Mapping[str, str] | None = None
) -> Program:
    """What the files compile to; none of our own findings may be among what is found."""
    loaded = loading(folder, files, locales)
    own = {str(code) for code in Code}
    assert [finding for finding in loaded.findings if finding.code in own] == []
    assert loaded.compiled is not None
    return loaded.compiled


def service(steps: str, more: str = "") -> str:
    """A service whose part `start` is `steps`, which are indented here."""
    indented = "".join(f"    {line}\n" for line in steps.strip("\n").split("\n"))
    return f"{HEAD}{indented}{more}"
