"""Where a variable's value comes from, and what it can be at worst."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.menu.program import (
    AnswerType,
    Ask,
    Call,
    Choice,
    FieldType,
    Kind,
    List,
    Menu,
    Operation,
    Queue,
    Table,
)


class Shape(StrEnum):
    VALUE = "value"
    RECORD = "record"
    LIST = "list"  # of records
    SECRET = "secret"  # noqa: S105 - a word, not a secret


@dataclass(frozen=True, slots=True)
class Promise:
    """What `{promise}` says after a `callback`."""

    queue: Queue


Holds = FieldType | AnswerType | Promise | tuple[Choice, ...] | None
"""What a value can be; None: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One step that gives `name` its value; `step` is empty for « not set ».

    `fields` of a record or of a list's records; None where they can't be known. `proven`: the
    answer of a call that was given `phone` or a secret, so it may be followed.
    """

    name: str
    step: str
    shape: Shape
    origin: str = ""  # the step that got the list which this was chosen from
    proven: bool = False
    fields: Mapping[str, FieldType] | None = field(default=None, compare=False)
    holds: Holds = field(default=None, compare=False)


UNSET = Definition("", "", Shape.VALUE)

Values = frozenset[Definition]
NEVER: Values = frozenset({UNSET})


def of_menu(step: Menu) -> Definition | None:
    if step.save is None:
        return None
    return Definition(step.save, step.id, Shape.VALUE, holds=step.choices)


def of_ask(step: Ask) -> list[Definition]:
    definitions = []
    if step.save is not None:
        shape = Shape.SECRET if step.type.base == "pin" else Shape.VALUE
        definitions.append(Definition(step.save, step.id, shape, holds=step.type))
    if step.gives is not None and step.check is not None:
        proven = step.type.base == "pin"
        definitions.append(_answer(step.gives, step.id, step.check, proven=proven))
    return definitions


def of_call(step: Call) -> Definition | None:
    if step.save is None:
        return None
    proven = step.sends_phone or bool(step.secrets)
    return _answer(step.save, step.id, step.operation, proven=proven)


def _answer(name: str, step: str, operation: Operation, *, proven: bool) -> Definition:
    shape = Shape.LIST if operation.many else Shape.RECORD
    return Definition(name, step, shape, proven=proven, fields=operation.gives)


def records_of(step: List, values: Values) -> Values:
    """The lists that `step` may show: a table's rows, or what `values` holds."""
    if isinstance(step.records, Table):
        rows = Definition("", step.id, Shape.LIST, fields=table_fields(step.records))
        return frozenset({rows})
    return values


def of_list(step: List, lists: Values) -> Values:
    """What `save` keeps of a choice among `lists`: the record, or one of its fields."""
    if step.save is None:
        return frozenset()
    kept = set()
    for source in lists:
        if source.shape is not Shape.LIST:
            continue
        if step.value is None:
            kept.add(
                Definition(
                    step.save, step.id, Shape.RECORD, source.step, source.proven, source.fields
                )
            )
        else:
            holds = (source.fields or {}).get(step.value)
            kept.add(
                Definition(
                    step.save,
                    step.id,
                    Shape.VALUE,
                    source.step,
                    source.proven,
                    holds=holds,
                )
            )
    if not kept:
        # The list is unknown, which is reported where it stands; what was chosen from it is
        # not reported again as unset.
        shape = Shape.RECORD if step.value is None else Shape.VALUE
        kept.add(Definition(step.save, step.id, shape))
    return frozenset(kept)


def table_fields(table: Table) -> Mapping[str, FieldType]:
    """A column is as long as its longest cell."""
    return {
        name: FieldType(Kind.TEXT, max((len(row.get(name, "")) for row in table.rows), default=0))
        for name in table.fields
    }
