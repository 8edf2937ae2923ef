"""Characters that nobody sees: French typography and copying bring them into files.

In a text they are welcome. In what is around it, an indentation, a name, the space behind a
colon, YAML and we take them for letters, and nobody could tell what is wrong.
"""

from __future__ import annotations

import re

from gateway.menu.codes import Code
from gateway.menu.findings import Findings
from gateway.menu.program import Place

_SPACES = "\u00a0\u2007\u202f"
INVISIBLE = re.compile(f"[{_SPACES}\u00ad\u180e\u200b-\u200f\u2060\ufeff]")
"""No-break spaces and what has no width: welcome in a text, never in what is around it."""
_AROUND = re.compile(
    rf"^(?P<before>[ ]*(?:-[ ]+)*-?)(?P<hidden>{INVISIBLE.pattern}(?:{INVISIBLE.pattern}| )*)"
    rf"|^(?P<key>[ ]*(?:-[ ]+)*[a-z_]+[ ]*:[ ]*)(?P<value>{INVISIBLE.pattern}+[ ]*)"
)
_BLOCK = re.compile(r"^(?P<indent>[ ]*)(?:-[ ]+)*(?:\S.*:|-)[ ]+[|>][+-]?\d?[+-]?[ ]*(?:#.*)?$")


def visible(text: str) -> str:
    """`text` without what nobody sees."""
    return INVISIBLE.sub("", text)


def unseen(character: str) -> tuple[str, str]:
    """What to say of such a character, and what to do about it."""
    if character in _SPACES:
        return f"a no-break space, U+{ord(character):04X}", "write an ordinary space, or none"
    return (
        f"an invisible character, U+{ord(character):04X}",
        "delete it; it often comes from copying out of another program",
    )


def without_unseen(file: str, text: str, findings: Findings) -> str:
    """The same, where what nobody sees stands in texts only; each place is told."""
    if INVISIBLE.search(text) is None:
        return text
    lines = text.split("\n")
    block: int | None = None  # the indentation of the key whose text stands below it
    for number, line in enumerate(lines):
        bare = line.rstrip("\r")
        if block is not None and (not bare.strip() or len(bare) - len(bare.lstrip(" ")) > block):
            continue
        found = _AROUND.match(bare)
        while found is not None:
            group = "hidden" if found["hidden"] is not None else "value"
            first = found[group].lstrip(" ")[0]
            place = Place(file, number + 1, found.start(group) + 1)
            findings.error(place, Code.BAD_CHARACTER, *unseen(first))
            spaces = "".join(one if one == " " or one in _SPACES else "" for one in found[group])
            spaces = INVISIBLE.sub(" ", spaces)
            bare = f"{bare[: found.start(group)]}{spaces}{bare[found.end(group) :]}"
            found = _AROUND.match(bare)
        lines[number] = bare + line[len(line.rstrip("\r")) :]
        header = _BLOCK.match(bare)
        block = len(header["indent"]) if header is not None else None
    return "\n".join(lines)
