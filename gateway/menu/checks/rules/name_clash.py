from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("name-clash", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """In `item` or `where`, a name that is both a field of the record and a set variable.

    A variable that isn't set on every way to the list can't be meant there, and doesn't clash.
    """
    for use in survey.uses:
        if use.field and use.state.known(use.name):
            report(
                use.place,
                f"« {use.name} » is a field of the records and also a variable",
                "save the variable under another name",
            )
