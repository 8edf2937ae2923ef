from __future__ import annotations

from gateway.menu.checks.definition import Shape, of_ask
from gateway.menu.checks.names import setters
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Ask, Callback, Sms, Step


@rule("unused-variable", Severity.WARNING, whole=True)
def check(survey: Survey, report: Report) -> None:
    """A variable that is saved, and that nothing reads in any conversation through that step."""
    read = {(use.visit.position.root, use.name) for use in survey.uses if not use.field} | _sent(
        survey
    )
    unused: dict[tuple[str, str], Step] = {}
    used: set[tuple[str, str]] = set()
    for root, by_name in setters(survey.flow).items():
        for name, steps in by_name.items():
            for step in steps:
                if (root, name) in read:
                    used.add((step.id, name))
                else:
                    unused[step.id, name] = step
    for (step_id, name), step in unused.items():
        if (step_id, name) in used or isinstance(step, Callback) or _secret(step, name):
            continue
        report(step.place, f"nothing uses « {name} »", "remove its `save`, or use it")


def _sent(survey: Survey) -> set[tuple[str, str]]:
    """What the messages with `data` take from the flow that sends them."""
    return {
        (visit.position.root, name)
        for visits in survey.flow.visits.values()
        for visit in visits
        if isinstance(visit.step, Sms)
        for name in visit.step.message.data or ()
    }


def _secret(step: Step, name: str) -> bool:
    """An unused secret is an error of its own."""
    return (
        isinstance(step, Ask)
        and step.save == name
        and any(given.shape is Shape.SECRET for given in of_ask(step))
    )
