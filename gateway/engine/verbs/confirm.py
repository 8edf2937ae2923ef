"""`confirm`: yes or no before something that matters."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour, Question
from gateway.engine.history import leave
from gateway.engine.moves import Move, Onward, Refused, Show
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.menu.program import Confirm


def reach(run: Run, step: Confirm) -> Move:
    return Show()


def draw(run: Run, step: Confirm) -> Screen | Move:
    drawing = Drawing(run)
    return drawing.screen(
        drawing.question(step.text),
        labels=(drawing.word("yes"), drawing.word("no")),
        picks=(True, False),
    )


def pick(run: Run, step: Confirm, agreed: bool) -> Move:
    if not agreed and step.cancel is None:
        return Onward.BACK
    leave(run)
    return Onward.BELOW if agreed or step.cancel is None else step.cancel


def answer(run: Run, step: Confirm, text: str) -> Move:
    return Refused("wrong_choice")


def matters(step: Confirm) -> bool:
    return True


behaviour = Behaviour(reach, Question(draw=draw, pick=pick, answer=answer, matters=matters))
