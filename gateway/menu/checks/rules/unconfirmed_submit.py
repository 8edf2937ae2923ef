from __future__ import annotations

from gateway.menu.checks.flow import Agreed
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Call


@rule("unconfirmed-submit", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A call changes something at the agency, and no way there asks whether it shall.

    A secret that was asked for counts as a confirmation; so does a `confirm` under a `when`.
    """
    for step in survey.program.steps.values():
        if not isinstance(step, Call) or step.operation.safe:
            continue
        for visit in survey.flow.of(step):
            if visit.inside is not None and visit.inside.agreed == {Agreed.NO}:
                report(
                    step.place,
                    f"« {step.operation.name} » is called without a `confirm` before it",
                    "confirm what is sent, or mark the operation `safe: yes` if it changes nothing",
                )
