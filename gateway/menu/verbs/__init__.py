"""The verbs, one a file: what stands behind each, its other keys, and the step that it makes.

A new file here is a new verb, for the reader, for the editors' schema and for the hints.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from gateway.menu.verbs.verb import Draft, Verb, verbs

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["Draft", "Verb", "registry"]


def registry() -> Mapping[str, Verb]:
    """All verbs by name, in alphabetical order."""
    return dict(sorted(verbs.items()))
