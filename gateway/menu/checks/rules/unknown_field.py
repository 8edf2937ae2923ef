from __future__ import annotations

from gateway.menu.checks.definition import UNSET, Shape
from gateway.menu.checks.flow import KNOWN_EVERYWHERE
from gateway.menu.checks.reading import Use, record_fields
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity, nearest
from gateway.menu.program import List


@rule("unknown-field", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """`{dossier.numero}` where the record has no such field, or where it is no record."""
    for use in survey.uses:
        if len(use.path) < 2:
            continue
        dotted = ".".join(use.path)
        if use.field or len(use.path) > 2:
            report(use.place, f"« {'.'.join(use.path[:-1])} » has no fields", "a field is a value")
            continue
        _in_variable(use, dotted, report)
    _kept_by_lists(survey, report)


def _kept_by_lists(survey: Survey, report: Report) -> None:
    """`value` of a `list` names a field of its records."""
    for visits in survey.flow.visits.values():
        for visit in visits:
            step = visit.step
            if not isinstance(step, List) or step.value is None or visit.inside is None:
                continue
            fields = record_fields(survey.flow, step, visit.inside)
            if fields is not None and step.value not in fields:
                report(
                    step.value_place or step.place,
                    f"the records have no field « {step.value} »",
                    nearest(step.value, fields) or f"their fields: {', '.join(fields)}",
                )


def _in_variable(use: Use, dotted: str, report: Report) -> None:
    name, field = use.path
    if name in KNOWN_EVERYWHERE:
        report(
            use.place,
            f"« {name} » is a single value: it has no fields",
            f"write « {name} » instead of « {dotted} »",
        )
        return
    for source in sorted(use.values - {UNSET}, key=lambda found: (found.step, found.origin)):
        if source.shape is Shape.LIST:
            hint = "let the citizen choose one with `list`, and `save` it"
            report(use.place, f"« {name} » is a list: it has no field « {field} »", hint)
        elif source.shape is not Shape.RECORD:
            report(
                use.place,
                f"« {name} » is a single value: it has no fields",
                f"write « {name} » instead of « {dotted} »",
            )
        elif source.fields is not None and field not in source.fields:
            known = ", ".join(source.fields) or "none; declare them with `gives` in site.yaml"
            report(
                use.place,
                f"« {name} » has no field « {field} »",
                nearest(field, source.fields) or f"its fields: {known}",
            )
