"""Answer types: their bounds and lengths, on an `ask` and in `site.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.program import AnswerType, Bound
from gateway.menu.shapes import SCALAR, Fields, Key, OneOf
from gateway.menu.sheet import Sheet
from gateway.menu.source import Node, Scalar
from gateway.menu.values import STRING, TEXT, duration_of

LONGEST = 160
_NAME_OR_TEXT = 40

BASES: Mapping[str, AnswerType] = {
    "text": AnswerType(base="text", length=(1, _NAME_OR_TEXT)),
    "name": AnswerType(base="name", length=(1, _NAME_OR_TEXT)),
    "digits": AnswerType(base="digits", length=(1, 20)),
    "number": AnswerType(base="number"),
    "amount": AnswerType(base="amount"),
    "date": AnswerType(base="date"),
    "phone": AnswerType(base="phone"),
    "pin": AnswerType(base="pin", length=(4, 8)),
}
"""What each type is where nothing more is said."""

_BY_LENGTH = frozenset(("text", "name", "digits", "pin"))
_BY_VALUE = frozenset(("number", "amount", "date"))

_LENGTH = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?")
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_TODAY = re.compile(r"today(?:\s*([+-])\s*(.+))?")


class Scalarly:
    """A length or bound, kept as it stands until the type is known."""

    def read(self, node: Node, sheet: Sheet) -> Scalar | None:
        if isinstance(node, Scalar) and node.text:
            return node
        sheet.error(node.place, Code.BAD_VALUE, "a number, a date or a length is expected here")
        return None

    def schema(self) -> dict[str, Any]:
        return dict(SCALAR)


KEYS = (
    Key("length", Scalarly(), "Nombre de caractères : 10, ou 4-6."),
    Key("min", Scalarly(), "Le moins : une valeur, une longueur, ou une date (today - 730 d)."),
    Key("max", Scalarly(), "Le plus : une valeur, une longueur, ou une date (today)."),
    Key("example", STRING, "Une réponse juste, pour les essais et les messages."),
    Key("error", TEXT, "Ce que voit le citoyen après une réponse fausse."),
)

ENGINEER_KEYS = (
    Key(
        "type",
        OneOf(*BASES),
        "Le type de base : text, name, digits, number, amount, date, phone ou pin.",
    ),
    *KEYS,
    Key("pattern", STRING, "Expression régulière que la réponse entière doit suivre."),
    Key("checksum", OneOf("luhn"), "Clé de contrôle : luhn."),
)


def named(fields: Fields, name: str, sheet: Sheet) -> AnswerType | None:
    """A type of `site.yaml`."""
    if not fields.complete:
        return None
    base = BASES[fields.get("type", "text")]
    found = narrowed(replace(base, named=name), fields, sheet)
    if found is None:
        return None
    pattern = None
    if "pattern" in fields:
        try:
            pattern = re.compile(fields["pattern"])
        except (re.error, OverflowError, RecursionError) as error:
            sheet.error(
                fields.place("pattern"), Code.BAD_PATTERN, f"not a regular expression: {error}"
            )
            return None
    whole = replace(found, pattern=pattern, checksum=fields.get("checksum"))
    if "example" in fields and not _follows(fields["example"], whole):
        sheet.error(
            fields.place("example"),
            Code.BAD_EXAMPLE,
            f"« {fields['example']} » is no answer that this type takes",
            "citizens are shown it after a wrong answer: give one that is right",
        )
        return None
    return whole


def _follows(example: str, type_: AnswerType) -> bool:
    """Whether an answer like `example` can be taken; what hangs on the day is not looked at."""
    bare = re.sub(r"[\s.-]", "", example)
    if type_.base in ("digits", "pin") and not (bare.isascii() and bare.isdigit()):
        return False
    said = bare if type_.base in ("digits", "pin") else example
    if type_.length is not None and not type_.length[0] <= len(said) <= type_.length[1]:
        return False
    if type_.base in ("number", "amount"):
        if re.fullmatch(r"-?\d{1,15}", bare) is None:
            return False
        least, most = type_.least, type_.most
        if least is not None and least.number is not None and int(bare) < least.number:
            return False
        if most is not None and most.number is not None and int(bare) > most.number:
            return False
    return type_.pattern is None or any(map(type_.pattern.fullmatch, (example, said)))


def answer_type(name: str, node: Node | None, sheet: Sheet) -> AnswerType | None:
    """The type called `name`, the site's or one of ours."""
    if name in BASES:
        return BASES[name]
    types = sheet.site.types if sheet.site is not None else {}
    if name in types:
        return types[name]
    if not sheet.declares("types", name) and node is not None:
        known = [*BASES, *sheet.declared("types")]
        sheet.error(
            node.place,
            Code.UNKNOWN_TYPE,
            f"there is no type « {name} »",
            nearest(name, known) or f"there are {', '.join(known)}",
        )
    return None


def narrowed(base: AnswerType, fields: Fields, sheet: Sheet) -> AnswerType | None:
    """`base` with the length, bounds, example and error that `fields` say."""
    length = base.length
    least, most = base.least, base.most
    if "length" in fields:
        scalar = fields["length"]
        if base.base not in _BY_LENGTH:
            sheet.error(
                fields.key_place("length"),
                Code.MISPLACED_KEY,
                f"a {base.base} has no length",
                "say min: and max:",
            )
            return None
        length = _length(scalar, sheet)
        if length is None:
            return None
        for name in ("min", "max"):
            if name in fields:
                sheet.error(
                    fields.key_place(name),
                    Code.MISPLACED_KEY,
                    f"« length » already says what « {name} » would",
                )
                return None
    bounds = {name: fields[name] for name in ("min", "max") if name in fields}
    if bounds and base.base not in _BY_VALUE | _BY_LENGTH:
        name = next(iter(bounds))
        sheet.error(fields.key_place(name), Code.MISPLACED_KEY, f"a {base.base} has no « {name} »")
        return None
    read = {name: _bound(scalar, base.base, sheet) for name, scalar in bounds.items()}
    if None in read.values():
        return None
    if base.base in _BY_LENGTH:
        length = _length_between(length, read)
        sound = length is None or 1 <= length[0] <= length[1] <= LONGEST
    else:
        least, most = read.get("min", least), read.get("max", most)
        sound = _in_order(least, most)
    if not sound:
        name = "length" if "length" in fields else next(iter(bounds), "")
        place = fields.place(name)
        sheet.error(
            place,
            Code.BAD_BOUND,
            "the least is greater than the greatest"
            if base.base in _BY_VALUE
            else f"a length is from 1 to {LONGEST}, the smaller first",
        )
        return None
    return replace(
        base,
        length=length,
        least=least,
        most=most,
        example=fields.get("example", base.example),
        error=fields.get("error", base.error),
    )


def _length(scalar: Scalar, sheet: Sheet) -> tuple[int, int] | None:
    found = _LENGTH.fullmatch(scalar.text.strip())
    if found is None:
        sheet.error(
            scalar.place,
            Code.BAD_LENGTH,
            f"« {scalar.text} » is not a length",
            "a number of characters: 10, or 4-6",
        )
        return None
    return int(found[1]), int(found[2] or found[1])


def _length_between(
    length: tuple[int, int] | None, read: Mapping[str, Bound | None]
) -> tuple[int, int] | None:
    if not read:
        return length
    shortest, longest = length or (1, LONGEST)
    least, most = read.get("min"), read.get("max")
    if least is not None and least.number is not None:
        shortest = least.number
    if most is not None and most.number is not None:
        longest = most.number
    return shortest, longest


def _bound(scalar: Scalar, base: str, sheet: Sheet) -> Bound | None:
    text = scalar.text.strip()
    if base == "date":
        found = _date_bound(text)
        if found is None:
            sheet.error(
                scalar.place,
                Code.BAD_BOUND,
                f"« {text} » is not a date",
                "write 31/12/2030, 2030-12-31, today or today - 730 d",
            )
        return found
    plain = text.replace(" ", "") if base == "amount" else text
    if re.fullmatch(r"-?\d{1,15}", plain):
        return Bound(number=int(plain))
    sheet.error(scalar.place, Code.BAD_BOUND, f"« {text} » is not a whole number")
    return None


def _date_bound(text: str) -> Bound | None:
    relative = _TODAY.fullmatch(text)
    if relative is not None:
        if relative[1] is None:
            return Bound(today=True)
        offset = duration_of(relative[2])
        if offset is None or offset % timedelta(days=1):
            return None
        return Bound(today=True, offset=-offset if relative[1] == "-" else offset)
    french = _DAY.fullmatch(text)
    try:
        if french is not None:
            day = date(int(french[3]), int(french[2]), int(french[1]))
        else:
            day = date.fromisoformat(text)
    except ValueError:
        return None
    return Bound(day=day.isoformat())


def _in_order(least: Bound | None, most: Bound | None) -> bool:
    if least is None or most is None:
        return True
    if least.number is not None and most.number is not None:
        return least.number <= most.number
    if least.day is not None and most.day is not None:
        return least.day <= most.day
    if least.today and most.today:
        return least.offset <= most.offset
    return True
