from __future__ import annotations

from gateway.menu.checks.definition import Shape
from gateway.menu.checks.names import setters
from gateway.menu.checks.reading import Purpose, Use
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Ask, Call, Step


@rule("unset-variable", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A variable that some way to where it is used leaves without a value."""
    by_root = setters(survey.flow)
    for use in survey.uses:
        if use.field or use.asks or use.certain or use.purpose is Purpose.ARGUMENT:
            continue
        if any(source.shape is Shape.SECRET for source in use.values):
            continue  # it may not be used here at all
        steps = by_root.get(use.visit.position.root, {}).get(use.name)
        if steps:  # else it is an unknown variable
            report(use.place, f"« {use.name} » is not set on every way here", _hint(use, steps))


def _hint(use: Use, steps: list[Step]) -> str:
    first, here = steps[0], use.visit.step
    where = f"on line {first.place.line}"
    if first.service != here.service:
        where = f"in « {first.service} », line {first.place.line}"
    elif first.part != here.part:
        where = f"in part « {first.part} », line {first.place.line}"
    if isinstance(first, Ask) and first.optional:
        cause = f"its question {where} may be passed over"
    elif isinstance(first, Call):
        cause = f"it is set only if the call {where} succeeds"
    else:
        cause = f"it is set {where}"
    return f"{cause}; ask for it on every way, or write `when: {use.name}` on this step"
