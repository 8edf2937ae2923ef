from __future__ import annotations

from gateway.menu.checks.flow import Flow, Visit
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.ways import after, takes
from gateway.menu.findings import Severity
from gateway.menu.program import Ask


@rule("secret-unused", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A `pin` is asked for, and no `call` takes it."""
    flow = survey.flow
    for visits in flow.visits.values():
        for visit in visits:
            step = visit.step
            if not isinstance(step, Ask) or step.type.base != "pin":
                continue
            judged = step.check is not None
            if not judged and (step.save is None or not _taken(flow, visit, step.save)):
                name = step.save or "pin"
                report(
                    step.place,
                    "this secret goes to no `call`",
                    f"ask for a secret only where a back end needs it: with: [{name}]",
                )


def _taken(flow: Flow, visit: Visit, name: str) -> bool:
    return any(takes(flow.step(position), name) for position in after(flow, visit.position))
