from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("essential-without-consent", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A message would be sent after a STOP, and the site doesn't consent to that."""
    if survey.program.site.sms.essential:
        return
    for service in survey.program.services.values():
        for message in service.messages.values():
            if message.essential:
                report(
                    message.place,
                    f"« {message.name} » is essential, and the site sends nothing after STOP",
                    "remove `essential`, or have the site's engineer write essential: yes in `sms`",
                )
