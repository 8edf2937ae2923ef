"""`follow`: from now on this phone gets the status messages of that case.

Only a reference that a back end gave for this phone, or for a secret, can be followed. The checks
prove it of the menu; here it is proved of the conversation.
"""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.menu.program import Follow, show


def reach(run: Run, step: Follow) -> Move:
    reference = show(step.reference.evaluate(run.scope))
    proven = all(path[0] in run.session.proven for path in step.reference.reads)
    if reference and proven:
        service = run.program.services[step.service]
        run.effect(
            "follow",
            step,
            {
                "agency": service.agency,
                "reference": reference,
                "language": run.language.code,
            },
        )
    return Onward.BELOW


behaviour = Behaviour(reach)
