"""Finds the files of a folder that each define the same: a new file is a new entry."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import ModuleType


def modules(package: str, path: Iterable[str]) -> Mapping[str, ModuleType]:
    """The modules of `package` by their own name; `path` is its `__path__`."""
    return {
        found.name: import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(path)
    }
