"""A back end that is slow: she is asked to wait, and what was asked is asked for again.

The request stays the same one: its conversation, step and attempt, and so its idempotency key, do
not change until it is answered.
"""

from __future__ import annotations

from gateway.engine.behaviour import Question
from gateway.engine.moves import Consult, Move, Onward
from gateway.engine.pins import ask_again
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.engine.session import Open
from gateway.engine.verbs import VERBS
from gateway.errors import Astray
from gateway.events import Delayed, Effect
from gateway.menu.program import Ask, Call, Step

_HELD = "?"  # a pin that is being judged; no variable has this name


def begin(run: Run, consult: Consult, delayed: Delayed) -> Move | None:
    """Wait for what `consult` asked; None where the open screen is the wait's, to be drawn."""
    session, step = run.session, run.step
    if step is None:
        raise Astray("nothing is waited for")
    session.at, session.part = step.id, f"{step.service}#{step.part}"
    session.page, session.error = 0, None
    if isinstance(step, Ask) and step.type.base == "pin":
        run.hold(_HELD, consult.typed)
    else:
        session.typed = consult.typed
    session.open = Open.WAIT
    if delayed.lost:
        lost = ask_again(run)
        if lost is None:
            raise Astray("nothing is lost")
        return lost
    request = consult.request
    if (consult.late or run.by_sms) and not request.again:
        # Each wait is brought once; an attempt that came to nothing may be waited for anew.
        wait = f"{step.id}@{run.scene.now}"
        about = {"channel": run.scene.bearer.channel.value}
        run.effects.append(
            Effect("late", request.conversation, wait, request.attempt, step.service, about)
        )
    return None


def go_on(run: Run) -> Move:
    """Ask for it again."""
    session = run.session
    step = run.program.steps.get(session.at)
    if step is None:
        raise Astray("what is waited for is none of this version")
    session.open, session.says = Open.STEP, []
    typed, session.typed = session.typed, ""
    run.stand_at(step)
    run.again = True
    if not isinstance(step, Ask):
        return VERBS[step.verb].reach(run, step)
    if step.type.base == "pin":
        held = session.held.pop(_HELD, None)
        typed = run.secrets.pop(_HELD, "")
        if held is None or not typed:
            run.again = False
            return Onward.OPEN  # the line was cut, and with it the pin is gone: asked again
    question = VERBS[step.verb].question
    if question is None:
        raise Astray("what is waited for has no question")
    return question.answer(run, step, typed)


def draw(run: Run, step: Step | None) -> Screen | Move:
    drawing = Drawing(run)
    late = run.by_sms or (isinstance(step, Call) and step.operation.late)
    late = late or (isinstance(step, Ask) and step.check is not None and step.check.late)
    labels = () if run.by_sms else (drawing.word("continue"),)
    return drawing.screen(
        drawing.word("wait_sms" if late else "wait"),
        labels=labels,
        picks=(True,) * len(labels),
    )


def pick(run: Run, step: Step | None, goes_on: bool) -> Move:
    return Onward.OPEN


def answer(run: Run, step: Step | None, text: str) -> Move:
    """Whatever she typed: there is only one thing to do."""
    return Onward.OPEN


question = Question(draw=draw, pick=pick, answer=answer, matters=lambda step: True)
