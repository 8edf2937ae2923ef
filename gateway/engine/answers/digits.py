"""A row of digits that is not a quantity: its zeros count. Blanks, points and hyphens don't."""

from __future__ import annotations

import re

from gateway.engine.answer import World, checked, lengths, wrong_length
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType

_SEPARATORS = re.compile(r"[ .\-]")


def read(text: str, type_: AnswerType, world: World) -> str | Refused:
    digits = _SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdigit()):
        return Refused("wrong_digits" if text else "wrong_empty")
    least, most = lengths(type_)
    if not least <= len(digits) <= most:
        return wrong_length(least, most)
    return digits if checked(digits, type_) else Refused("wrong_check")
