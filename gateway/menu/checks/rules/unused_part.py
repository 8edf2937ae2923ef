from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("unused-part", Severity.WARNING, whole=True)
def check(survey: Survey, report: Report) -> None:
    """A part that no way leads to."""
    used = {(position.service, position.part) for position in survey.flow.states}
    for service in survey.program.services.values():
        for part, steps in service.parts.items():
            if part == "start" or (service.name, part) in used:
                continue  # a service may hold nothing but parts for others
            report(
                steps[0].place if steps else service.place,
                f"no way leads to the part « {part} »",
                "name it in a choice, a `go` or a `do`, or remove it",
            )
