"""What types of answers there are: one file each, found by its name."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.engine.answer import Read
from gateway.engine.registry import modules

TYPES: Mapping[str, Read] = {
    name: module.read for name, module in modules(__name__, __path__).items()
}
