"""`do`: runs a part or a service, and comes back; or asks for the language here, and goes on."""

from __future__ import annotations

from gateway.engine import language
from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move, Onward, Show
from gateway.engine.run import Run
from gateway.engine.session import Open
from gateway.menu.program import Do, Way


def reach(run: Run, step: Do) -> Move:
    target = step.target
    if target.way is Way.LANGUAGE:
        return Show(Open.LANGUAGE) if len(language.offered(run)) > 1 else Onward.BELOW
    if target.way is not Way.PART:
        return target
    run.enter(step)
    run.stand(target.service, target.part)
    return Onward.HERE


behaviour = Behaviour(reach, language.question)
