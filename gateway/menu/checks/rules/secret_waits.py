from __future__ import annotations

from gateway.menu.checks.flow import Flow, Position, Question, Visit
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.ways import after, takes
from gateway.menu.findings import Severity
from gateway.menu.program import Ask, Step


@rule("secret-waits", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A screen lies between a `pin` and the `call` that takes it, so that the secret is kept."""
    flow = survey.flow
    for visits in flow.visits.values():
        for visit in visits:
            step = visit.step
            if isinstance(step, Ask) and step.type.base == "pin" and step.save is not None:
                between = _between(flow, visit, step.save)
                if between is not None:
                    report(
                        step.place,
                        f"the screen on line {between.place.line} lies between this secret and "
                        "its `call`",
                        "ask for the secret last, directly before the `call`",
                    )


def _between(flow: Flow, visit: Visit, name: str) -> Step | None:
    """A question, other than for a second secret, that is asked while this one is held."""

    def stops(position: Position) -> bool:
        return position == visit.position or takes(flow.step(position), name)

    for position in after(flow, visit.position, stops):
        step = flow.step(position)
        if not isinstance(step, Question) or position == visit.position:
            continue
        if isinstance(step, Ask) and step.type.base == "pin":
            continue
        if any(takes(flow.step(later), name) for later in after(flow, position, stops)):
            return step
    return None
