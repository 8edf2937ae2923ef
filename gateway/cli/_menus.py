"""Where commands find the menus: arguments first, then the environment, then the usual folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


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
    """GATEWAY_DRAFTS: 1 offers draft languages, 0 doesn't."""
    return os.environ.get("GATEWAY_DRAFTS", "1" if default else "0") == "1"
