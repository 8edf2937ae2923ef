"""`go`: leaves this part."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move
from gateway.engine.run import Run
from gateway.menu.program import Go


def reach(run: Run, step: Go) -> Move:
    return step.target


behaviour = Behaviour(reach)
