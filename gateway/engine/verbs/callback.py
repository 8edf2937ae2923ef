"""`callback`: a request that the service centre calls her back."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.engine.verbs.call import sent
from gateway.menu.program import Callback


def reach(run: Run, step: Callback) -> Move:
    run.effect(
        "callback",
        step,
        {
            "queue": step.queue.name,
            "language": run.language.code,
            "details": sent(step.details, run.scope),
        },
    )
    run.fix()
    run.set("promise", step.queue.promise_text)
    return Onward.BELOW


behaviour = Behaviour(reach)
