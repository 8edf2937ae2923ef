"""What each verb does: one file each, found by its name."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.engine.behaviour import Behaviour
from gateway.engine.registry import modules

VERBS: Mapping[str, Behaviour] = {
    name: module.behaviour for name, module in modules(__name__, __path__).items()
}
