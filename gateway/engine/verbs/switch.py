"""`switch`: the first case that holds decides."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move
from gateway.engine.run import Run
from gateway.menu.program import Switch


def reach(run: Run, step: Switch) -> Move:
    scope = run.scope
    for holds, target in step.cases:
        if holds.evaluate(scope):
            return target
    return step.otherwise


behaviour = Behaviour(reach)
