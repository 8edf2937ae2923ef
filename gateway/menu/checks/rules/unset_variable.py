from __future__ import annotations

from gateway.menu.checks.flow import KNOWN_EVERYWHERE
from gateway.menu.checks.names import setters
from gateway.menu.checks.reading import Purpose, Use
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Step


@rule("unset-variable", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A variable that some way to where it is used leaves without a value."""
    by_root = setters(survey.flow)
    for use in survey.uses:
        if use.field or use.asks or use.certain or use.purpose is Purpose.ARGUMENT:
            continue
        if use.name in KNOWN_EVERYWHERE:
            continue
        steps = by_root.get(use.visit.position.root, {}).get(use.name)
        if steps:  # else it is an unknown variable
            report(use.place, f"« {use.name} » is not set on every way here", _hint(use, steps))


def _hint(use: Use, steps: list[Step]) -> str:
    first = steps[0]
    where = f"line {first.place.line}"
    if first.service != use.visit.step.service:
        where = f"{first.place.file}, {where}"
    elif first.part != use.visit.step.part:
        where = f"part « {first.part} », {where}"
    optional = getattr(first, "optional", False)
    cause = "may be passed over" if optional else "is set"
    named = f"it {cause} in {where}" if not optional else f"its question ({where}) {cause}"
    return f"{named}; ask for it on every way, or write `when: {use.name}` on this step"
