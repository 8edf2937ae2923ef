from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Sms


@rule("unused-message", Severity.WARNING, whole=True)
def check(survey: Survey, report: Report) -> None:
    """A message that no step sends, and that the agency can't send either, having no `data`."""
    program = survey.program
    sent = {
        (step.message.service, step.message.name)
        for step in program.steps.values()
        if isinstance(step, Sms)
    }
    for service in program.services.values():
        for message in service.messages.values():
            if message.data is None and (service.name, message.name) not in sent:
                report(
                    message.place,
                    f"no step sends the message « {message.name} »",
                    "send it with `sms`, give it `data` for the agency to send it, or remove it",
                )
