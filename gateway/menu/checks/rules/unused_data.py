from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import expressions
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("unused-data", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """What an agency must send with a message, and its text never says."""
    source = survey.program.site.source
    for service in survey.program.services.values():
        for message in service.messages.values():
            read = {
                path[0]
                for expression in expressions(message.text, source)
                for path in expression.reads
            }
            for name in message.data or ():
                if name not in read:
                    report(
                        message.place,
                        f"« {message.name} » asks for « {name} », and doesn't say it",
                        "remove it: data of citizens that nobody needs isn't sent",
                    )
