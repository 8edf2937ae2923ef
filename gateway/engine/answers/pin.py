"""A secret code: digits. Never kept in clear."""

from __future__ import annotations

from gateway.engine.answer import World, checked, lengths, wrong_length
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType


def read(text: str, type_: AnswerType, world: World) -> str | Refused:
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        return Refused("wrong_pin" if text else "wrong_empty")
    least, most = lengths(type_)
    if not least <= len(digits) <= most:
        return wrong_length(least, most)
    return digits if checked(digits, type_) else Refused("wrong_check")
