"""Whole francs. Blanks and points between the digits are ignored, and so is « F CFA » behind."""

from __future__ import annotations

import re

from gateway.engine.answer import World, checked, within
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType

_AMOUNT = re.compile(r"([0-9]{1,15})(?:F|CFA|FCFA|XOF|FRANCS?|FRANCSCFA)?")


def read(text: str, type_: AnswerType, world: World) -> int | Refused:
    found = _AMOUNT.fullmatch(text.replace(" ", "").replace(".", "").upper())
    if found is None:
        return Refused("wrong_amount" if text else "wrong_empty")
    if not checked(found[1], type_):
        return Refused("wrong_check")
    return within(int(found[1]), found[1], type_)
