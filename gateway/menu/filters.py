"""The filters of texts, by name: `{tarif.frais|money}`. A filter of nothing is nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from gateway.menu.program import Scope
from gateway.text import formats
from gateway.text.language import Language

Filter = Callable[[str, object, Scope], object]
"""Given the dotted name it stands after (or ""), the value and the scope."""

Format = Callable[[object, Language, date], str]


def _formatted(format_: Format) -> Filter:
    def apply(name: str, value: object, scope: Scope) -> object:
        today = scope.values.get("today")
        if isinstance(today, str):
            today = date.fromisoformat(today)
        return format_(value, scope.language, today if isinstance(today, date) else date.min)

    return apply


def _label(name: str, value: object, scope: Scope) -> object:
    found = scope.labels(name, value)
    return value if found is None else found


FILTERS: Mapping[str, Filter] = {
    "date": _formatted(formats.date),
    "time": _formatted(formats.time),
    "year": _formatted(formats.year),
    "money": _formatted(formats.money),
    "number": _formatted(formats.number),
    "phone": _formatted(formats.phone),
    "mask": _formatted(formats.mask),
    "upper": _formatted(formats.upper),
    "age": _formatted(formats.age),
    "label": _label,
}
