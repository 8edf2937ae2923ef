"""`menu`: numbered choices."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour, Question
from gateway.engine.history import leave
from gateway.engine.moves import Move, Onward, Refused, Show
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.menu.program import Choice, Menu


def reach(run: Run, step: Menu) -> Move:
    return Show()


def draw(run: Run, step: Menu) -> Screen | Move:
    choices = open_choices(run, step.choices)
    if not choices:
        return Onward.BELOW
    drawing = Drawing(run)
    return drawing.screen(
        drawing.question(step.text, step.error),
        labels=[drawing.write(choice.label) for choice in choices],
        picks=choices,
    )


def open_choices(run: Run, choices: tuple[Choice, ...]) -> list[Choice]:
    return [choice for choice in choices if choice.when is None or choice.when.evaluate(run.scope)]


def pick(run: Run, step: Menu, choice: Choice) -> Move:
    leave(run)
    run.set(step.save, choice.value)
    return choice.go or Onward.BELOW


def answer(run: Run, step: Menu, text: str) -> Move:
    return Refused("wrong_choice")


def still(step: Menu) -> bool:
    return always_open(step.choices)


def always_open(choices: tuple[Choice, ...]) -> bool:
    return all(choice.when is None for choice in choices)


behaviour = Behaviour(
    reach, Question(draw=draw, pick=pick, answer=answer, still=still, anywhere=True)
)
