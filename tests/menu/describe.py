"""A compiled step as plain values, so that tests can say in YAML what they expect."""

from __future__ import annotations

from collections.abc import Mapping
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


def describe(value: object) -> Any:
    """What the author would recognize; what is as it always is stays unsaid."""
    match value:
        case Text():
            if value.count is None:
                return value.source
            return {
                "one": value.source,
                "other": value.source_plural,
                "count": value.count.source,
            }
        case Expression():
            return value.source
        case Target():
            return f"{value.service}#{value.part}" if value.way is Way.PART else str(value.way)
        case Operation() | Queue() | Message() | Table():
            return value.name
        case StrEnum():
            return str(value)
        case Pattern():
            return value.pattern
        case timedelta():
            return f"{value.total_seconds():.0f} s"
        case Mapping():
            return {str(key): describe(item) for key, item in value.items()}
        case frozenset():
            return sorted(str(item) for item in value)
        case tuple() | list():
            return [describe(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return _fields(value)
    return value


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
