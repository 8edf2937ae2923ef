"""A phone number in any of the forms people write, saved as E.164."""

from __future__ import annotations

from gateway.engine.answer import World, checked
from gateway.engine.moves import Refused
from gateway.errors import NumberError
from gateway.menu.program import AnswerType
from gateway.text.msisdn import canonical


def read(text: str, type_: AnswerType, world: World) -> str | Refused:
    if not text:
        return Refused("wrong_empty")
    try:
        number = canonical(text, world.country)
    except NumberError:
        return Refused("wrong_phone")
    return number if checked(number, type_) else Refused("wrong_check")
