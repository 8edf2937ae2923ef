"""A whole number; blanks between its digits are ignored."""

from __future__ import annotations

import re

from gateway.engine.answer import World, checked, within
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")


def read(text: str, type_: AnswerType, world: World) -> int | Refused:
    number = text.replace(" ", "").replace("\u2212", "-")
    if _NUMBER.fullmatch(number) is None:
        return Refused("wrong_number" if text else "wrong_empty")
    if not checked(number, type_):
        return Refused("wrong_check")
    return within(int(number), number.lstrip("+-"), type_)
