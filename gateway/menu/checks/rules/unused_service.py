from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("unused-service", Severity.WARNING, whole=True)
def check(survey: Survey, report: Report) -> None:
    """A service that no code, keyword or other service leads to."""
    for name in survey.flow.unlinked:
        report(
            survey.program.services[name].place,
            f"nothing leads to the service « {name} »",
            "give it a code in site.yaml or `keywords`, or name it in another service",
        )
