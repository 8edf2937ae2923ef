from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("no-stop-word", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """Agencies send messages, and no word stops them."""
    program = survey.program
    if program.site.sms.stop:
        return
    names = [
        f"{service.name}/{message.name}"
        for service in program.services.values()
        for message in service.messages.values()
        if message.data is not None
    ]
    if names:
        report(
            program.site.place,
            f"nothing stops messages such as « {names[0]} »",
            "write sms: { stop: [STOP, ARRET] }",
        )
