"""Where commands find the menus: arguments first, then the environment, then the usual folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_YES = frozenset({"1", "true", "yes", "on", "t", "y"})
_NO = frozenset({"0", "false", "no", "off", "f", "n"})


def folder_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """FOLDER, or GATEWAY_MENUS, or « menus »."""
    return click.argument("folder", envvar="GATEWAY_MENUS", default="menus", type=_FOLDER)(command)


def locales_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--locales",
        envvar="GATEWAY_LOCALES",
        type=_FOLDER,
        help="Translations; the folder « locales » beside the menus if not said.",
    )(command)


def beside(folder: Path, locales: Path | None) -> Path:
    """The folder of translations that goes with `folder`."""
    return locales if locales is not None else folder.parent / "locales"


def drafts_allowed(default: bool) -> bool:
    """GATEWAY_DRAFTS, read as `gateway serve` does: 1 offers draft languages, 0 doesn't."""
    said = os.environ.get("GATEWAY_DRAFTS", "").strip().lower()
    if said and said not in _YES | _NO:
        raise click.ClickException("GATEWAY_DRAFTS: 1 to offer draft languages, 0 not to")
    return said in _YES if said else default
