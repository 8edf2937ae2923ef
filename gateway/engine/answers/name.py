"""A name of a person or a place: letters of any script, with the signs that names have."""

from __future__ import annotations

import unicodedata

from gateway.engine.answer import World, checked, lengths
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType

_SIGNS = frozenset(" '’ʼ.-‐‑")


def read(text: str, type_: AnswerType, world: World) -> str | Refused:
    if not text:
        return Refused("wrong_empty")
    least, most = lengths(type_)
    if len(text) > most:
        return Refused("wrong_text")
    if not text[0].isalpha() or not all(map(_belongs, text)):
        return Refused("wrong_name")
    if len(text) < least:
        return Refused("wrong_short")
    return text if checked(text, type_) else Refused("wrong_check")


def _belongs(letter: str) -> bool:
    return letter.isalpha() or letter in _SIGNS or unicodedata.category(letter) in ("Mn", "Mc")
