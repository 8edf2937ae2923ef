"""What an agency sends with a message, held against the message's `data` before it is accepted."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.events import Json
from gateway.menu.program import FieldType, Kind, Message

_NUMERAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YES_NO: Mapping[Json, bool] = {"yes": True, "no": False, "true": True, "false": False}


class DataFault(StrEnum):
    """Stable codes; what a person reads about them is `Fault.detail`."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    EMPTY = "empty"
    TOO_LONG = "too-long"
    BAD_CHARACTER = "bad-character"
    NOT_A_TEXT = "not-a-text"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_DATE = "not-a-date"
    NOT_YES_OR_NO = "not-yes-or-no"
    NOT_ONE_OF = "not-one-of"


@dataclass(frozen=True, slots=True)
class Fault:
    """One field's fault. `detail` is a sentence in English; it never repeats the value."""

    field: str
    code: DataFault
    detail: str


def check_data(message: Message, data: Mapping[str, Json]) -> list[Fault]:
    """Everything that is wrong with `data`, in the order of the declaration, then of `data`.

    A text has 1 to its greatest number of characters, counted in NFC, none of them a control
    character or a line break. A number or an amount is a JSON number or the numeral of one
    (`2500`, `12.5`), a date ISO 8601's calendar date, yes or no a JSON boolean or `yes`, `no`,
    `true`, `false`: so that a line of a CSV says all that JSON can.
    """
    declared = message.data or {}
    found = [fault for name, field in declared.items() for fault in _of_field(name, field, data)]
    known = ", ".join(declared) or "none"
    found += [
        Fault(name, DataFault.UNKNOWN, f"this message has no such field; it has {known}")
        for name in data
        if name not in declared
    ]
    return found


def typed(message: Message, data: Mapping[str, Json]) -> dict[str, object]:
    """`data` as texts show it: numerals are numbers, `yes` is true; texts lose outer white space.

    Meant for data in which `check_data` finds no fault.
    """
    declared = message.data or {}
    return {name: _typed(declared[name], value) for name, value in data.items() if name in declared}


def _of_field(name: str, field: FieldType, data: Mapping[str, Json]) -> Iterator[Fault]:
    value = data.get(name)
    if value is None:
        yield Fault(name, DataFault.MISSING, "this field must be given")
        return
    if isinstance(value, str) and not value.strip():
        yield Fault(name, DataFault.EMPTY, "this field is empty")
        return
    fault = _JUDGES[field.kind](field, value)
    if fault is not None:
        yield Fault(name, *fault)


_Judged = tuple[DataFault, str] | None


def _text(field: FieldType, value: Json) -> _Judged:
    if not isinstance(value, str):
        return DataFault.NOT_A_TEXT, "a text is expected: quotes around it in JSON"
    shown = unicodedata.normalize("NFC", value.strip())
    if any(unicodedata.category(letter) in _UNSEEN for letter in shown):
        return DataFault.BAD_CHARACTER, "it holds a line break or a character that is not seen"
    return _length(len(shown), field.most)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Cf: what turns or hides other letters


def _length(length: int, most: int) -> _Judged:
    if length <= most:
        return None
    return DataFault.TOO_LONG, f"at most {most} characters; it has {length}"


def _number(field: FieldType, value: Json) -> _Judged:
    sound = not isinstance(value, bool) and isinstance(value, int | float)
    sound = sound and math.isfinite(value)  # type: ignore[arg-type]
    if isinstance(value, str):
        sound = _NUMERAL.fullmatch(value.strip()) is not None
    if not sound:
        return DataFault.NOT_A_NUMBER, "a number is expected, such as 2500 or 12.5"
    return _length(len(str(value).strip()), field.most)


def _date(field: FieldType, value: Json) -> _Judged:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            date.fromisoformat(value.strip())
            return None
    except ValueError:
        pass
    return DataFault.NOT_A_DATE, "a date is expected as YYYY-MM-DD, such as 2026-03-15"


def _yes_no(field: FieldType, value: Json) -> _Judged:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _YES_NO):
        return None
    return DataFault.NOT_YES_OR_NO, "true or false is expected"


def _one_of(field: FieldType, value: Json) -> _Judged:
    if isinstance(value, str) and value.strip() in field.values:
        return None
    return DataFault.NOT_ONE_OF, f"one of {', '.join(field.values)} is expected"


_JUDGES = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.DATE: _date,
    Kind.YES_NO: _yes_no,
    Kind.ONE_OF: _one_of,
}


def _typed(field: FieldType, value: Json) -> object:
    if not isinstance(value, str):
        return value
    said = value.strip()
    if field.kind in (Kind.NUMBER, Kind.MONEY):
        return float(said) if "." in said else int(said)
    if field.kind is Kind.YES_NO:
        return _YES_NO[said.lower()]
    return said
