from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("unsigned-message", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A message of a service without `agency`: nobody knows who sends it."""
    program = survey.program
    for service in program.services.values():
        if service.agency in program.site.agencies:
            continue
        for message in service.messages.values():
            report(
                message.place,
                f"« {message.name} » doesn't say who sends it",
                "name the service's `agency`: its messages begin with it",
            )
