"""`sms`: one of the service's messages, to the citizen herself."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.menu.messages import code_of, compose
from gateway.menu.program import Sms


def reach(run: Run, step: Sms) -> Move:
    message, site = step.message, run.program.site
    code = code_of(site, message, run.session.code)
    written = compose(site, message, run.scope_of({**run.values, "ussd": code}))
    run.effect(
        "sms",
        step,
        {
            "message": message.name,
            "language": written.language,
            "encoding": written.encoding.value,
            "text": written.text,
        },
    )
    run.fix()
    return Onward.BELOW


behaviour = Behaviour(reach)
