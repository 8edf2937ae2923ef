"""How values are written into a scenario file, for people to read and for us to read again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from gateway.events import Json

# Text that YAML takes as it is, in block style. What begins otherwise, or holds a colon, a hash or
# anything else that means something, is quoted.
_PLAIN = re.compile(r"[^\W_](?:[^\n:#\"\\{}\[\]&*!|>%@`\t]*[^\s:#\"\\{}\[\]&*!|>%@`])?")
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def quoted(text: str) -> str:
    """Between double quotes, on one line, whatever it holds."""
    line = json.dumps(text, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def scalar(text: str) -> str:
    """One value in block style: as it is where that is safe."""
    return text if text.isprintable() and _PLAIN.fullmatch(text) else quoted(text)


def entry(key: str, text: str, column: int, *, flow: bool = False) -> str:
    """`key: text`, a text of several lines as a block. `key` stands at `column`, from 0."""
    if flow:
        return f"{key}: {quoted(text)}"
    lines = text.split("\n")
    safe = all(line == line.strip() and line.isprintable() for line in lines)
    if len(lines) == 1 or not safe or not lines[0] or not lines[-1]:
        return f"{key}: {scalar(text)}"
    margin = " " * (column + 2)
    return "\n".join([f"{key}: |", *(f"{margin}{line}" if line else "" for line in lines)])


def data(value: Json) -> str:
    """In flow style, which JSON is but for the words yes and no, and nothing."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "{}"
        case str():
            return quoted(value)
        case Mapping():
            fields = ", ".join(f"{name}: {data(field)}" for name, field in value.items())
            return f"{{ {fields} }}" if fields else "{}"
        case Sequence():
            return f"[{', '.join(map(data, value))}]"
    return json.dumps(value)


def duration(seconds: int) -> str:
    """In the largest unit that it is a whole number of: `3m`."""
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return "0s"
