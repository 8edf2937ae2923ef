"""Names that authors give: of variables, parts, messages, agencies, fields, services."""

from __future__ import annotations

import re
import unicodedata

from gateway.menu.codes import Code
from gateway.menu.expressions import GRAMMAR
from gateway.menu.shapes import One, refuse
from gateway.menu.sheet import FAILS, PLACES, Sheet
from gateway.menu.source import Node, Scalar

EVERYWHERE = frozenset(("phone", "language", "operator", "channel", "today", "promise", "ussd"))
"""Variables that need no step to set them."""

_NAME = re.compile(r"[^\W_][\w-]*")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)*")
_LONGEST = 60


def _named(scalar: Scalar, sheet: Sheet, sound: bool, hint: str) -> str | None:
    name = unicodedata.normalize("NFC", scalar.text)
    if sound and len(name) <= _LONGEST:
        return name
    if sheet.invisible(scalar.place, scalar.text):
        return None
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    sheet.error(scalar.place, Code.BAD_NAME, f"« {shown} » is not a name", hint)
    return None


def variable(scalar: Scalar, sheet: Sheet) -> str | None:
    """A variable that a step may set."""
    name = field_name(scalar, sheet)
    if name in EVERYWHERE:
        sheet.error(
            scalar.place,
            Code.RESERVED_NAME,
            f"« {name} » is known everywhere and can't be set",
            f"take another name than {', '.join(sorted(EVERYWHERE))}",
        )
        return None
    return name


def field_name(scalar: Scalar, sheet: Sheet) -> str | None:
    """A name that expressions may read."""
    name = unicodedata.normalize("NFC", scalar.text)
    sound = name.isidentifier() and not name.startswith("_") and name not in GRAMMAR
    return _named(
        scalar, sheet, sound, "a name has letters, digits and « _ », and begins with a letter"
    )


def part(scalar: Scalar, sheet: Sheet) -> str | None:
    if scalar.text in PLACES or scalar.text in FAILS:
        sheet.error(
            scalar.place,
            Code.RESERVED_NAME,
            f"« {scalar.text} » already is a place to go; a part needs another name",
        )
        return None
    return plain(scalar, sheet)


def plain(scalar: Scalar, sheet: Sheet) -> str | None:
    """Any other name: letters, digits, `-` and `_`."""
    hint = "a name has letters, digits, « - » and « _ », and begins with a letter or digit"
    return _named(scalar, sheet, _NAME.fullmatch(scalar.text) is not None, hint)


def is_service(name: str) -> bool:
    """Whether a file's path without its ending can be a service's name."""
    return _SERVICE.fullmatch(name) is not None and len(name) <= 2 * _LONGEST


_NAMED_OUTLINE = {"type": ["string", "number", "boolean"]}

VARIABLE = One("the name of a variable", variable, _NAMED_OUTLINE)
FIELD = One("the name of a field", field_name, _NAMED_OUTLINE)


class Known:
    """The name of something that the site declares: `section` of it, `code` if it is not there.

    Gives the name; a name that the site declares with a fault is not blamed again.
    """

    def __init__(self, section: str, code: Code, what: str) -> None:
        self.section, self.code, self.what = section, code, what

    def read(self, node: Node, sheet: Sheet) -> str | None:
        if not isinstance(node, Scalar) or not node.text or node.told:
            article = "an" if self.what[0] in "aeio" else "a"
            refuse(node, sheet, f"the name of {article} {self.what}")
            return None
        if sheet.declares(self.section, node.text):
            return node.text
        sheet.unknown(node.place, self.code, self.what, node.text, sheet.declared(self.section))
        return None

    def schema(self) -> dict[str, object]:
        return {"type": ["string", "number", "boolean"]}
