from __future__ import annotations

from gateway.menu.checks.definition import UNSET, Shape
from gateway.menu.checks.reading import Purpose
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity


@rule("not-a-list", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A `list` of something that holds no records."""
    for use in survey.uses:
        if use.purpose is not Purpose.RECORDS:
            continue
        if len(use.path) > 1 or any(
            source.shape is not Shape.LIST for source in use.values - {UNSET}
        ):
            report(
                use.place,
                f"« {'.'.join(use.path)} » is not a list",
                "a list comes from a `call` whose operation has `gives_list`, or from tables/",
            )
