"""A compiled step as plain values, so that tests can say in YAML what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from enum import StrEnum
from re import Pattern
from typing import Any

from gateway.menu.program import (
    Expression,
    Message,
    Operation,
    Place,
    Queue,
    Step,
    Table,
    Target,
    Text,
    Way,
)

_OF_ALL = {"id", "service", "part", "index", "place"}


_PLAIN: dict[type, Callable[[Any], Any]] = {
    Expression: lambda value: value.source,
    Operation: lambda value: value.name,
    Queue: lambda value: value.name,
    Message: lambda value: value.name,
    Table: lambda value: value.name,
    Pattern: lambda value: value.pattern,
    timedelta: lambda value: f"{value.total_seconds():.0f} s",
    StrEnum: str,
    frozenset: lambda value: sorted(map(str, value)),
    tuple: lambda value: [describe(item) for item in value],
    list: lambda value: [describe(item) for item in value],
}


def describe(value: object) -> Any:
    """What the author would recognize; what is as it always is stays unsaid."""
    if isinstance(value, Text):
        if value.count is None:
            return value.source
        return {"one": value.source, "other": value.source_plural, "count": value.count.source}
    if isinstance(value, Target):
        return f"{value.service}#{value.part}" if value.way is Way.PART else str(value.way)
    if isinstance(value, Mapping):
        return {str(key): describe(item) for key, item in value.items()}
    for kind, plain in _PLAIN.items():
        if isinstance(value, kind):
            return plain(value)
    return _fields(value) if hasattr(value, "__dataclass_fields__") else value


def _fields(value: Any) -> dict[str, Any]:
    said = {}
    for field in fields(value):
        own = getattr(value, field.name)
        default = field.default
        if field.default_factory is not MISSING:
            default = field.default_factory()
        dull = own is None or own == default or isinstance(own, Place)
        if field.name == "verb" or not (
            dull or (isinstance(value, Step) and field.name in _OF_ALL)
        ):
            said[field.name] = describe(own)
    return said
