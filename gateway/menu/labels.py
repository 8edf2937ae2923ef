"""The words behind saved values: what the filter `label` shows.

A choice's words stand behind the value that it saved; the catalogue's word for a declared value
of a back end's field stands behind that value, wherever the field was saved to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.menu.program import (
    Ask,
    Call,
    Expression,
    FieldType,
    List,
    Menu,
    Service,
    Step,
    Text,
)

Labels = dict[str, dict[str, Text]]


def labels(services: Iterable[Service]) -> Labels:
    """By variable or `variable.field`, then by value; of the first service that says it."""
    steps = [step for service in services for part in service.parts.values() for step in part]
    found: Labels = {}
    answers = _answers(steps)
    for name, fields in answers.items():
        _add_fields(found, f"{name}.", fields)
    for step in steps:
        if isinstance(step, Menu | List) and step.save is not None:
            for choice in step.choices:
                found.setdefault(step.save, {}).setdefault(choice.value, choice.label)
        if isinstance(step, List) and isinstance(step.records, Expression):
            _add_records(found, step, answers.get(step.records.source, {}))
    return found


def _answers(steps: Iterable[Step]) -> dict[str, dict[str, FieldType]]:
    """By variable the declared fields of what back ends gave."""
    found: dict[str, dict[str, FieldType]] = {}
    for step in steps:
        if isinstance(step, Call) and step.save is not None:
            _merge(found.setdefault(step.save, {}), step.operation.gives)
        elif isinstance(step, Ask) and step.check is not None and step.gives is not None:
            _merge(found.setdefault(step.gives, {}), step.check.gives)
    return found


def _merge(into: dict[str, FieldType], fields: Mapping[str, FieldType]) -> None:
    for name, field in fields.items():
        into.setdefault(name, field)


def _add_records(found: Labels, step: List, fields: Mapping[str, FieldType]) -> None:
    _add_fields(found, "", fields)  # `item` and `where` see the record's fields by their names
    if step.save is None:
        return
    if step.value is None:
        _add_fields(found, f"{step.save}.", fields)
    elif step.value in fields:
        _add_field(found, step.save, fields[step.value])


def _add_fields(found: Labels, before: str, fields: Mapping[str, FieldType]) -> None:
    for name, field in fields.items():
        _add_field(found, f"{before}{name}", field)


def _add_field(found: Labels, name: str, field: FieldType) -> None:
    for value, text in field.labels.items():
        found.setdefault(name, {}).setdefault(value, text)
