from __future__ import annotations

from gateway.menu.checks.definition import UNSET, Shape
from gateway.menu.checks.reading import Purpose
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity

_VALUES_ONLY = frozenset({Purpose.TEXT, Purpose.REFERENCE})


@rule("record-in-text", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A whole record or list where one value must stand."""
    for use in survey.uses:
        if use.field or len(use.path) > 1:
            continue
        if use.purpose not in _VALUES_ONLY and (use.asks or use.purpose is not Purpose.CONDITION):
            continue
        for source in sorted(use.values - {UNSET}, key=lambda found: (found.step, found.origin)):
            if source.shape is Shape.RECORD:
                field = next(iter(source.fields or ()), "field")
                hint = f"name one of its fields: « {use.name}.{field} »"
                report(use.place, f"« {use.name} » is a whole record", hint)
            elif source.shape is Shape.LIST:
                hint = "let the citizen choose one with `list`, and `save` it"
                report(use.place, f"« {use.name} » is a whole list", hint)
