"""`ask`: one question, answered in her own words or digits."""

from __future__ import annotations

from gateway.engine.answer import sentence_values
from gateway.engine.answers import TYPES
from gateway.engine.behaviour import Behaviour, Question
from gateway.engine.history import leave
from gateway.engine.moves import Move, Onward, Refused, Show
from gateway.engine.paging import Key
from gateway.engine.pins import come_back
from gateway.engine.run import Run
from gateway.engine.screens import NOT_HERS, Drawing, Screen
from gateway.events import Answered, Outcome
from gateway.menu.program import Ask

_SELF_EXPLAINED = frozenset({"wrong_date", "wrong_phone"}) | NOT_HERS
_LONGER = frozenset({"text", "name", "pin"})  # nobody's name, request or secret is « 0 »


def reach(run: Run, step: Ask) -> Move:
    return Show()


def draw(run: Run, step: Ask) -> Screen | Move:
    drawing = Drawing(run)
    if run.by_sms and step.type.base == "pin":
        # A message stays on both phones, and in between: there it is never asked.
        told = drawing.word("dial_secret", {"ussd": run.values["ussd"]})
        return drawing.screen(told, skips=step.optional)
    error = run.session.error
    if error is None:
        body = drawing.write(step.text)
    else:
        shown = None if error in NOT_HERS else step.error
        body = drawing.question(
            step.text, shown, sentence_values(error, step.type, run.scene.today) or None
        )
        if shown is None and step.type.example and error not in _SELF_EXPLAINED:
            body += "\n" + drawing.word("example", {"example": step.type.example})
    return drawing.screen(body, hidden=_hidden(run, step), skips=step.optional)


def _hidden(run: Run, step: Ask) -> frozenset[Key]:
    """The keys whose number could be an answer to this question: the answer wins."""
    if step.type.base in _LONGER:
        return frozenset()
    keys = run.program.site.keys
    numbers = {Key.BACK: keys.back, Key.HOME: keys.home, Key.MORE: keys.more, Key.SKIP: keys.skip}
    read, world = TYPES[step.type.base], run.world
    # As it would be written: nobody means none by « 00 ».
    return frozenset(
        key for key, number in numbers.items() if str(read(number, step.type, world)) == number
    )


def answer(run: Run, step: Ask, text: str) -> Move:
    if run.by_sms and step.type.base == "pin":
        return Onward.STAY
    value = TYPES[step.type.base](text, step.type, run.world)
    if isinstance(value, Refused):
        return value
    if step.check is None:
        return _keep(run, step, value)

    def judged(answered: Answered) -> Move:
        match answered.outcome:
            case Outcome.OK:
                return _keep(run, step, value, answered)
            case Outcome.UNAVAILABLE:
                return Refused("wrong_unchecked")
        return Refused("wrong_check")

    given = {"answer": value}
    if step.type.base == "pin":
        return run.consult(step, step.check, {}, judged, secrets=given, typed=text)
    return run.consult(step, step.check, given, judged, typed=text)


def _keep(run: Run, step: Ask, value: str | int, answered: Answered | None = None) -> Move:
    secret = step.type.base == "pin"
    if secret and run.session.pending is not None:
        run.hold(step.save, str(value))
        return come_back(run)
    leave(run)
    if secret:
        run.hold(step.save, str(value))
    else:
        run.set(step.save, value)
    if answered is not None:
        run.set(step.gives, answered.data, proven=secret)
    return Onward.BELOW


def passed(run: Run, step: Ask) -> Move:
    if run.session.pending is not None:
        run.session.held.pop(step.save or "", None)
        return come_back(run)
    leave(run)
    run.unset(step.save)
    return Onward.BELOW


def matters(step: Ask) -> bool:
    return step.type.base == "pin"


behaviour = Behaviour(reach, Question(draw=draw, answer=answer, passed=passed, matters=matters))
