"""What an answer must be, and which sentence says so. The types stand in `answers/`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date

import msgspec

from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType, Bound

_NO_ANSWER = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So"})


class World(msgspec.Struct, frozen=True, gc=False):
    """What a type may know beside the answer. `country` is ISO 3166-1 alpha-2."""

    today: date
    country: str


Read = Callable[[str, AnswerType, World], str | int | Refused]
"""Takes a clean text (`matching.clean`), gives the value to save."""


def lengths(type_: AnswerType) -> tuple[int, int]:
    """Least and most characters. The menu has decided on them, by `length`, `min` or `max`."""
    return type_.length or (1, 40)


def day(bound: Bound, today: date) -> date:
    """The day that `bound` stands for."""
    if bound.day is not None:
        return date.fromisoformat(bound.day)
    try:
        return today + bound.offset
    except OverflowError:
        return date.min if bound.offset.days < 0 else date.max


def written(found: date) -> str:
    """A day as she types one: JJ/MM/AAAA."""
    return f"{found.day:02}/{found.month:02}/{found.year:04}"


def within(number: int, digits: str, type_: AnswerType) -> int | Refused:
    """`number`, written as `digits`, if `length`, `min` and `max` allow it."""
    if type_.length is not None and not type_.length[0] <= len(digits) <= type_.length[1]:
        return wrong_length(*type_.length)
    if type_.least is not None and type_.least.number is not None and number < type_.least.number:
        return Refused("wrong_least")
    if type_.most is not None and type_.most.number is not None and number > type_.most.number:
        return Refused("wrong_most")
    return number


def wrong_length(least: int, most: int) -> Refused:
    return Refused("wrong_length" if least == most else "wrong_lengths")


def foreign(text: str) -> bool:
    """Whether `text` holds what no answer needs: control characters, emoji, unassigned ones."""
    if text.isascii():
        return not text.isprintable()
    return any(unicodedata.category(letter) in _NO_ANSWER for letter in text)


def checked(value: str, type_: AnswerType) -> bool:
    """The engineer's own rules: `pattern` over the whole answer, then `checksum`."""
    if type_.pattern is not None and type_.pattern.fullmatch(value) is None:
        return False
    return type_.checksum is None or _luhn(value)


def _luhn(value: str) -> bool:
    """ISO/IEC 7812-1 annex B, the check digit last."""
    if not (value.isascii() and value.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(reversed(value)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def sentence_values(error: str, type_: AnswerType, today: date) -> Mapping[str, object]:
    """What the sentence `error` says beside its words."""
    match error:
        case "wrong_length" | "wrong_lengths":
            least, most = lengths(type_)
            return {"length": most, "least": least, "most": most}
        case "wrong_least" | "wrong_most":
            return {
                "least": None if type_.least is None else type_.least.number,
                "most": None if type_.most is None else type_.most.number,
            }
        case "wrong_early" | "wrong_late":
            return {
                "least": None if type_.least is None else written(day(type_.least, today)),
                "most": None if type_.most is None else written(day(type_.most, today)),
            }
    return {}
