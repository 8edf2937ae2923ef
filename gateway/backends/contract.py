"""What an operation promised to give, held against what came."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from gateway.events import Json, Outcome
from gateway.menu.program import FieldType, Kind, Operation

DEPTH = 16
"""Greatest nesting of an answer. What is declared is flat: `gives` lies one level deep."""

_GREATEST = 2**63 - 1  # what a session can hold
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Broken(Exception):
    """The answer is not what was declared. `reason` is stable and holds nothing of the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Given:
    """`data` holds the declared fields alone; `longer` counts values over their length."""

    data: Json
    longer: int = 0


def read(operation: Operation, body: bytes) -> Given:
    """The declared fields of an answer's JSON body; raises Broken.

    Unknown fields are ignored. An operation that declares nothing gives an empty record,
    whatever JSON came; it may come without any body.
    """
    if not operation.gives and not operation.many and not body.strip():
        return Given({})
    answer = _parse(body)
    if not operation.many:
        return _record(operation.gives, answer)
    if not isinstance(answer, list):
        raise Broken("not-a-list")
    records = [_record(operation.gives, item) for item in answer]
    return Given([record.data for record in records], sum(record.longer for record in records))


def told(operation: Operation, body: bytes, otherwise: Outcome) -> Outcome:
    """The outcome that a field of the answer says; `otherwise` where it says none of those that
    the site lists. Raises Broken for what is no JSON."""
    if not operation.told_by or not body.strip():
        return otherwise
    answer = _parse(body)
    value = answer.get(operation.told_by) if isinstance(answer, dict) else None
    if isinstance(value, bool):
        value = "true" if value else "false"
    return operation.told.get(str(value), otherwise) if value is not None else otherwise


def _parse(body: bytes) -> object:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Broken("not-json") from None
    except RecursionError:
        raise Broken("too-deep") from None
    level = [answer]
    for _ in range(DEPTH):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return answer
    raise Broken("too-deep")


def _record(fields: Mapping[str, FieldType], answer: object) -> Given:
    if not fields:
        return Given({})
    if not isinstance(answer, dict):
        raise Broken("not-a-record")
    data: dict[str, Json] = {}
    longer = 0
    for name, declared in fields.items():
        if name not in answer:
            raise Broken(f"missing:{name}")
        value = answer[name]
        if not _fits(declared, value):
            raise Broken(f"kind:{name}")
        data[name] = value
        longer += declared.kind is Kind.TEXT and len(value) > declared.most
    return Given(data, longer)


def _fits(declared: FieldType, value: object) -> bool:
    match declared.kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.ONE_OF:
            return isinstance(value, str) and value in declared.values
        case Kind.NUMBER | Kind.MONEY:
            return _number(value)
        case Kind.DATE:
            return isinstance(value, str) and _day(value)
        case Kind.YES_NO:
            return isinstance(value, bool)


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= _GREATEST


def _day(value: str) -> bool:
    """An ISO 8601 calendar date, or a date and time (RFC 3339), of which the day is shown."""
    if not _DAY.match(value):
        return False
    try:
        if len(value) == 10:
            date.fromisoformat(value)
        else:
            datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
