from __future__ import annotations

from itertools import pairwise

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("unreachable-step", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A step that no way leads to, since what stands before it always goes elsewhere."""
    visits = survey.flow.visits
    for service in survey.program.services.values():
        for steps in service.parts.values():
            for before, step in pairwise(steps):
                if before.id in visits and step.id not in visits:
                    report(
                        step.place,
                        "no way leads to this step",
                        f"the `{before.verb}` on line {before.place.line} always goes elsewhere",
                    )
