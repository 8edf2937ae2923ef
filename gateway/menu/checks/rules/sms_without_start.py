from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("sms-without-start", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """Services have keywords, but no service opens where a text message says anything else."""
    program = survey.program
    if program.site.sms.start is not None:
        return
    words = [word for service in program.services.values() for word in service.keywords]
    if words:
        report(
            program.site.place,
            f"« {words[0]} » by text opens a service, and anything else opens none",
            "write sms: { start: … } with the service of the home menu",
        )
