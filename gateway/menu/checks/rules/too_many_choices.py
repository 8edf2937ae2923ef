from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Menu

_MOST = 5  # TechMatters, Arkesel: more are not read on a small screen


@rule("too-many-choices", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A menu of more than five choices; the language screen and lists aside."""
    for step in survey.program.steps.values():
        if isinstance(step, Menu) and len(step.choices) > _MOST:
            report(
                step.place,
                f"{len(step.choices)} choices: more than {_MOST} are not read",
                "group them, or let the citizen search in a `list`",
            )
