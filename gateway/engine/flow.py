"""From one screen to the next: what the moves of the verbs come to."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from gateway.engine import waits
from gateway.engine.editions import whole
from gateway.engine.history import back
from gateway.engine.language import offered
from gateway.engine.moves import Again, Consult, Move, Onward, Refused, Show
from gateway.engine.pins import ask_again
from gateway.engine.reading import opened
from gateway.engine.run import Run
from gateway.engine.screens import Screen
from gateway.engine.session import Open
from gateway.engine.verbs import VERBS
from gateway.errors import Astray
from gateway.events import CallRequest, Delayed, Replied
from gateway.menu.program import Confirm, Program, Step, Target, Way

# Python 3.11 takes ten times as long for a member of an enum as for a name of the module.
_STAY: Final = Onward.STAY

_FARTHEST = 200  # steps between two screens; a menu that needs more goes round in circles


def advance(run: Run, move: Move) -> Generator[CallRequest, Replied, None]:
    """Go on from `move` until a screen is drawn. Raises Astray where none comes."""
    for _ in range(_FARTHEST):
        if move is _STAY:
            return
        if not isinstance(move, Consult):
            move = _next(run, move)
            continue
        answered = yield move.request
        if isinstance(answered, Delayed):
            move = waits.begin(run, move, answered) or draw(run)
        else:
            move = move.then(answered)
    raise Astray("no screen within 200 steps")


def _next(run: Run, move: Move) -> Move:
    session = run.session
    match move:
        case Show(open=open_):
            return _show(run, open_)
        case Target():
            return _go(run, move)
        case Onward.BELOW:
            run.index += 1
            return _here(run)
        case Onward.HERE:
            return _here(run)
        case Onward.OPEN:
            return waits.go_on(run) if session.open is Open.WAIT else draw(run)
        case Onward.BACK:
            return _back(run)
        case Refused(error=error):
            session.error, session.says, session.page = error, [], 0
            return draw(run)
        case Again():
            return _again(run, move)
    raise Astray(f"no way on from {move}")


def _here(run: Run) -> Move:
    step = run.step
    while step is None:
        if not run.session.frames:
            raise Astray("the end of a part that nobody waits for")
        caller = run.program.steps.get(run.session.frames.pop())
        if caller is None:
            raise Astray("the caller is not in this version")
        run.stand_at(caller)
        run.index += 1
        step = run.step
    if step.when is not None and not step.when.evaluate(run.scope):
        return Onward.BELOW
    return VERBS[step.verb].reach(run, step)


_drawn: dict[tuple[object, ...], tuple[Step, Screen]] = {}
"""Screens that are the same for everybody. The step is kept so that its `id()` stays its own."""
_MOST_DRAWN = 10_000


def draw(run: Run) -> Move:
    """Draw what is open; or where to go, when there is nothing to show."""
    session, bearer = run.session, run.bearer
    question, step = opened(run)
    key: tuple[object, ...] | None = None
    if step is not None and session.error is None and not session.says:
        code, carrier = run.language.code, (bearer.channel, bearer.encoding, bearer.budget)
        key = (id(step), session.open, code, *carrier, run.returns, run.leaves)
        known = _drawn.get(key)
        if known is not None:
            return _open(run, known[1])
    drawn = question.draw(run, step)
    if not isinstance(drawn, Screen):
        return drawn
    if key is not None and step is not None and drawn.static and question.still(step):
        if len(_drawn) >= _MOST_DRAWN:
            _drawn.clear()
        _drawn[key] = step, drawn
    return _open(run, drawn)


def _open(run: Run, screen: Screen) -> Move:
    run.screen = screen
    run.session.page = min(run.session.page, len(screen.pages) - 1)
    return _STAY


def _show(run: Run, open_: Open) -> Move:
    session, step = run.session, run.step
    if step is not None and open_ is not Open.RESUME:
        session.at = step.id
        session.part = f"{step.service}#{step.part}"
    session.open, session.page, session.error = open_, 0, None
    return draw(run)


def _go(run: Run, target: Target) -> Move:
    session = run.session
    match target.way:
        case Way.PART:
            if run.service is None or target.service != run.service.name:
                run.forget()
                session.service = target.service
            run.stand(target.service, target.part)
            return Onward.HERE
        case Way.HOME:
            _go_home(run)
            return Onward.HERE
        case Way.LANGUAGE:
            if len(offered(run)) < 2:
                _go_home(run)
                return Onward.HERE
            session.frames = []
            session.at, session.open, session.page, session.error = "", Open.LANGUAGE, 0, None
            return draw(run)
    raise Astray(f"« {target.way} » stands for no place here")


def _go_home(run: Run) -> None:
    """As if she had just dialled; what was settled stays settled."""
    session = run.session
    run.forget()
    session.history = []
    session.fresh = True
    session.error = session.cut = None
    session.waiting, session.entry = [], ""
    session.service = home(run.program, session.code)
    run.stand(session.service, "start")


def home(program: Program, code: str) -> str:
    """The service that `code` opens: `*229*1#`. Of a code that is gone, the site's first one.

    "" is the short code of SMS, where what it opens has no code.
    """
    found = program.dialled(tuple(code.strip("*#").split("*")))
    if found is not None:
        return found[1]
    if not code and program.site.sms.start is not None:
        return program.site.sms.start
    for service in program.codes.values():
        return service
    raise Astray("the site has no codes")


def _back(run: Run) -> Move:
    """The screen before. One that is no longer shown is passed over; without any, home."""
    session = run.session
    while back(run):
        ask_again(run, spent=True)
        known = session.at in run.program.steps or not session.at
        if known and whole(run, session.frames) and draw(run) is Onward.STAY:
            return Onward.STAY
    return Target(Way.HOME, run.program.site.place)


def _again(run: Run, move: Again) -> Move:
    session = run.session
    visits = session.history
    while len(visits) > 1 and isinstance(run.program.steps.get(visits[-1].at), Confirm):
        back(run)  # what is wrong was said before it was confirmed
    if not back(run):
        if move.otherwise.way is Way.AGAIN:
            raise Astray("there is no question to ask again")
        return Onward.BELOW if move.otherwise.way is Way.CONTINUE else move.otherwise
    ask_again(run, spent=True)
    if move.fixed:
        run.fix()
    session.error = move.error
    return draw(run)
