from __future__ import annotations

from datetime import timedelta

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity

_DAY = timedelta(days=1)


@rule("lost-overnight", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A message that is no longer valid when the quiet hours it must wait for are over."""
    program = survey.program
    quiet = program.site.sms.quiet
    if quiet is None:
        return
    night = (_time(quiet[1]) - _time(quiet[0])) % _DAY
    for service in program.services.values():
        for message in service.messages.values():
            waits = message.data is not None and not message.any_hour
            if waits and message.valid_for <= night:
                report(
                    message.place,
                    f"« {message.name} » of an evening would wait longer than it is valid",
                    f"any_hour: yes, or valid_for more than {night.seconds // 3600 + 1} h",
                )


def _time(clock: str) -> timedelta:
    hours, minutes = clock.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
