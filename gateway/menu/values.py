"""Small values: texts, expressions, durations, whole numbers, environment references."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from gateway.menu.codes import Code
from gateway.menu.program import EnvRef
from gateway.menu.shapes import SCALAR, JsonSchema, One
from gateway.menu.sheet import Sheet
from gateway.menu.source import Node, Scalar

_DURATION = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_ENV = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class Sentence:
    """A text for citizens."""

    def read(self, node: Node, sheet: Sheet) -> object:
        return sheet.text(node)

    def schema(self) -> JsonSchema:
        return {"$ref": "#/$defs/text"}


class Condition:
    """An expression without braces."""

    def read(self, node: Node, sheet: Sheet) -> object:
        return sheet.expression(node)

    def schema(self) -> JsonSchema:
        return {"$ref": "#/$defs/expression"}


class Goal:
    """A place to go."""

    def read(self, node: Node, sheet: Sheet) -> object:
        return sheet.target(node)

    def schema(self) -> JsonSchema:
        return {"$ref": "#/$defs/place"}


TEXT = Sentence()
EXPRESSION = Condition()
PLACE = Goal()


def _string(scalar: Scalar, sheet: Sheet) -> str:
    return scalar.text.strip()


STRING = One("a value", _string)


def duration_of(text: str) -> timedelta | None:
    """`48 h`, `30m`, `3 d`; None if it isn't one."""
    found = _DURATION.fullmatch(text.strip())
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def _duration(scalar: Scalar, sheet: Sheet) -> timedelta | None:
    duration = duration_of(scalar.text)
    if not duration:
        sheet.error(
            scalar.place,
            Code.BAD_DURATION,
            f"« {scalar.text} » is not a duration",
            "a number and s, m, h or d: 30 m",
        )
    return duration or None


DURATION = One(
    "a duration", _duration, {"type": "string", "pattern": r"^\s*[0-9]{1,6}\s*[smhd]\s*$"}
)


def matching(pattern: re.Pattern[str], what: str, hint: str) -> One:
    """A scalar that the whole of `pattern` matches."""

    def take(scalar: Scalar, sheet: Sheet) -> str | None:
        if pattern.fullmatch(scalar.text):
            return scalar.text
        sheet.error(scalar.place, Code.BAD_VALUE, f"« {scalar.text} » is not {what}", hint)
        return None

    return One(what, take)


def whole(what: str, least: int, most: int) -> One:
    """A whole number from `least` to `most`."""

    def take(scalar: Scalar, sheet: Sheet) -> int | None:
        text = scalar.text
        if re.fullmatch(r"-?\d{1,9}", text) and least <= int(text) <= most:
            return int(text)
        sheet.error(
            scalar.place, Code.BAD_VALUE, f"« {text} » is not {what} from {least} to {most}"
        )
        return None

    return One(what, take, {"type": ["integer", "string"]})


def _reference(scalar: Scalar, sheet: Sheet) -> EnvRef | None:
    found = _ENV.fullmatch(scalar.text)
    return EnvRef(found[1], scalar.place) if found else None


def _secret(scalar: Scalar, sheet: Sheet) -> EnvRef | None:
    reference = _reference(scalar, sheet)
    if reference is None and scalar.place.line not in sheet.mended:
        sheet.error(
            scalar.place,
            Code.SECRET_IN_FILE,
            "a token never stands in a file",
            "write env:NAME, and put it into the environment under that name",
        )
    return reference


SECRET = One("env:NAME", _secret, {"type": "string", "pattern": "^env:[A-Za-z_][A-Za-z0-9_]*$"})


def _header(scalar: Scalar, sheet: Sheet) -> str | EnvRef:
    return _reference(scalar, sheet) or scalar.text


HEADER = One("a header's value", _header)


def _address(scalar: Scalar, sheet: Sheet) -> str | EnvRef | None:
    reference = _reference(scalar, sheet)
    if reference is not None:
        return reference
    try:
        parts = urlsplit(scalar.text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
        sound = sound and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        sound = False
    if not sound and scalar.place.line in sheet.mended:
        return None
    if not sound:
        sheet.error(
            scalar.place,
            Code.BAD_ADDRESS,
            f"« {scalar.text} » is not an address",
            "write https://… without a query, or env:NAME",
        )
        return None
    return scalar.text.rstrip("/")


ADDRESS = One("an address", _address, dict(SCALAR))


def is_private(address: str) -> bool:
    """Whether what is sent there can't be read on the way: https, or this very machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.hostname or "") in _LOOPBACK
