"""`end`: the last screen. Of several pages it stays open until the last is shown."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour, Question
from gateway.engine.moves import Move, Onward, Show
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.menu.program import End


def reach(run: Run, step: End) -> Move:
    return Show()


def draw(run: Run, step: End) -> Screen | Move:
    drawing = Drawing(run)
    return drawing.screen(drawing.write(step.text), closes=True)


def answer(run: Run, step: End, text: str) -> Move:
    return Onward.STAY


behaviour = Behaviour(reach, Question(draw=draw, answer=answer))
