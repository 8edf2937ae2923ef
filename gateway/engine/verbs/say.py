"""`say`: a text above the next screen, the first time that one is shown."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.engine.screens import Drawing
from gateway.menu.program import Say


def reach(run: Run, step: Say) -> Move:
    run.session.says.append(Drawing(run).write(step.text))
    return Onward.BELOW


behaviour = Behaviour(reach)
