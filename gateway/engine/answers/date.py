"""A day as JJ/MM/AAAA with any separator or none; real days only, saved as ISO 8601."""

from __future__ import annotations

import re
from datetime import date

from gateway.engine.answer import World, checked, day, written
from gateway.engine.moves import Refused
from gateway.menu.program import AnswerType

_DAY = re.compile(
    r"([0-9]{1,2})[^0-9A-Za-z]{1,3}([0-9]{1,2})[^0-9A-Za-z]{1,3}([0-9]{4})"
    r"|([0-9]{2})([0-9]{2})([0-9]{4})"
)


def read(text: str, type_: AnswerType, world: World) -> str | Refused:
    if not text:
        return Refused("wrong_empty")
    found = _DAY.fullmatch(text)
    if found is None:
        return Refused("wrong_date")
    numbers = [int(group) for group in found.groups() if group is not None]
    try:
        answer = date(numbers[2], numbers[1], numbers[0])
    except ValueError:
        return Refused("wrong_date")
    if type_.least is not None and answer < day(type_.least, world.today):
        return Refused("wrong_early")
    if type_.most is not None and answer > day(type_.most, world.today):
        return Refused("wrong_late")
    return answer.isoformat() if checked(written(answer), type_) else Refused("wrong_check")
