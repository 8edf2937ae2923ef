"""Free text: what people write, with a letter or a digit in it at least."""

from __future__ import annotations

from gateway.engine.answer import World, checked, foreign, lengths
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType


def read(text: str, type_: AnswerType, world: World) -> str | Refused:
    if not text:
        return Refused("wrong_empty")
    least, most = lengths(type_)
    if len(text) > most:
        return Refused("wrong_text")
    if foreign(text) or not any(letter.isalnum() for letter in text):
        return Refused("wrong_characters")
    if len(text) < least:
        return Refused("wrong_short")
    return text if checked(text, type_) else Refused("wrong_check")
