"""`rate`: 1 to 5, below the last text of a conversation; its end is a thank-you."""

from __future__ import annotations

import re

from gateway.engine.answers import TYPES
from gateway.engine.behaviour import Behaviour, Question
from gateway.engine.history import leave
from gateway.engine.moves import Move, Refused, Show
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.engine.session import Open
from gateway.menu.program import AnswerType, End, Rate

_SCORE = re.compile(r"0*([1-5])[.)]?")
_COMMENT = AnswerType(base="text", length=(1, 160))


def reach(run: Run, step: Rate) -> Move:
    return Show()


def draw(run: Run, step: Rate) -> Screen | Move:
    drawing = Drawing(run)
    match run.session.open:
        case Open.THANKS:
            return drawing.screen(drawing.word("thanks"), closes=True)
        case Open.COMMENT if step.comment is not None:
            return drawing.screen(drawing.question(step.comment), skips=True)
    # The text of the end goes first, so that nobody loses it by hanging up on the question.
    above = ""
    following = run.steps[run.index + 1] if run.index + 1 < len(run.steps) else None
    if run.session.error is None and isinstance(following, End):
        above = drawing.write(following.text)
    return drawing.screen(f"{drawing.question(step.text)}\n{drawing.word('rating')}", above=above)


def answer(run: Run, step: Rate, text: str) -> Move:
    match run.session.open:
        case Open.THANKS:
            return Show(Open.THANKS)
        case Open.COMMENT:
            comment = TYPES["text"](text, _COMMENT, run.world)
            if isinstance(comment, Refused):
                return comment
            leave(run)
            run.effect("rate", step, {**_about(run), "comment": comment}, part=":comment")
            run.fix()
            return Show(Open.THANKS)
    found = _SCORE.fullmatch(text)
    if found is None:
        return Refused("wrong_rating")
    leave(run)
    run.session.score = int(found[1])
    run.effect("rate", step, _about(run))
    run.fix()
    return Show(Open.COMMENT if step.comment is not None else Open.THANKS)


def _about(run: Run) -> dict[str, str | int]:
    """No phone number: a rating is nobody's."""
    return {
        "score": run.session.score,
        "language": run.language.code,
        "channel": run.scene.bearer.channel.value,
        "operator": run.scene.bearer.operator,
    }


def passed(run: Run, step: Rate) -> Move:
    leave(run)
    return Show(Open.THANKS)


def matters(step: Rate) -> bool:
    return True


behaviour = Behaviour(reach, Question(draw=draw, answer=answer, passed=passed, matters=matters))
