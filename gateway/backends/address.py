"""A call's address: the operation's path, filled from the arguments, and the query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from gateway.events import Json

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Unaddressable(Exception):
    """An argument that cannot stand in an address. Never leaves this room.

    `typed` where another answer of the citizen would do, else the author's `with` is wrong.
    """

    def __init__(self, reason: str, *, typed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.typed = typed


def placeholders(path: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(path))


def fill(path: str, arguments: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    """`path` with every `{x}` taken from `arguments`, and the arguments that are left.

    Each value is percent-encoded as one segment (RFC 3986 section 3.3). Raises Unaddressable
    where a value is missing, is no plain value, or would make its segment empty, `.` or `..`:
    those name another resource than the one meant, and servers resolve them even encoded.
    """
    names = placeholders(path)
    if not names:
        return path, dict(arguments)
    bare, _, query = path.partition("?")
    segments = [_segment(segment, arguments) for segment in bare.split("/")]
    filled = "/".join(segments)
    if query:
        filled += "?" + _PLACEHOLDER.sub(lambda found: _value(found[1], arguments), query)
    return filled, {name: value for name, value in arguments.items() if name not in names}


def query(path: str, arguments: Mapping[str, Json]) -> str:
    """`path` with `arguments` as its query; what is unset (None) is left out."""
    pairs = [(name, _text(value)) for name, value in arguments.items() if value is not None]
    if not pairs:
        return path
    try:
        return path + ("&" if "?" in path else "?") + urlencode(pairs)
    except UnicodeEncodeError:
        raise Unaddressable("not-unicode", typed=True) from None


def _segment(segment: str, arguments: Mapping[str, Json]) -> str:
    if not _PLACEHOLDER.search(segment):
        return segment
    filled = _PLACEHOLDER.sub(lambda found: _value(found[1], arguments), segment)
    if filled in ("", ".", ".."):
        raise Unaddressable("empty-segment", typed=True)
    return filled


def _value(name: str, arguments: Mapping[str, Json]) -> str:
    value = arguments.get(name)
    if value is None:
        raise Unaddressable("missing-argument")
    try:
        return quote(_text(value), safe="")
    except UnicodeEncodeError:
        raise Unaddressable("not-unicode", typed=True) from None


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Unaddressable("not-a-plain-value")
