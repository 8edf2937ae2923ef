"""One turn of a conversation: a session and an event in, a page and what to do out.

Nothing here reads a clock, a file, a socket or chance. What a back end must answer is yielded as
a `CallRequest`, and sent in as the `Answered`, or as `Delayed` where she is asked to wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec

from gateway.engine import message, resume
from gateway.engine.beginning import begin
from gateway.engine.editions import adapt
from gateway.engine.flow import advance, draw
from gateway.engine.history import trim
from gateway.engine.matching import clean
from gateway.engine.moves import Move, Onward
from gateway.engine.pins import ask_again
from gateway.engine.reading import read
from gateway.engine.run import Run
from gateway.engine.session import Open, Session
from gateway.engine.suffix import play
from gateway.errors import Astray
from gateway.events import (
    Arrived,
    CallRequest,
    Dial,
    Effect,
    Replied,
    Scene,
    Texted,
    Typed,
)
from gateway.menu.program import Place, Program, Target, Way

Event = Dial | Typed | Texted | Arrived

_MOST_INPUTS = 20  # of a dialled suffix that are played


class Trace(msgspec.Struct, frozen=True, gc=False):
    """Where the page comes from, for simulators. `units` and `budget`: septets or UTF-16 units."""

    step: str | None  # id; None for the gateway's own questions
    service: str
    part: str
    verb: str
    place: Place | None
    page: int  # from 0
    pages: int
    units: int
    budget: int
    open: Open


class Turned(msgspec.Struct, frozen=True):
    """What came of a turn. `session` is to be kept, `secrets` to be sealed apart from it."""

    page: str
    ends: bool
    session: Session
    secrets: dict[str, str]
    effects: tuple[Effect, ...]
    language: str | None  # newly chosen, to be remembered of her
    trace: Trace


def turn(
    program: Program, session: Session | None, event: Event, scene: Scene
) -> Generator[CallRequest, Replied, Turned]:
    """Answer `event`. `session` is used up: what goes on from here is `Turned.session`.

    The page fits the bearer: its encoding holds every character, and it has at most `budget`
    units (of 40 or more). Raises Astray where the menu leads nowhere.
    """
    if isinstance(event, Texted):
        run = yield from message.receive(program, session, event, scene)
        return _finish(run)
    if isinstance(event, Dial):
        run, move = _dial(program, session, event, scene)
    elif isinstance(event, Arrived):
        run, move = _arrived(program, session, scene)
    else:
        run, move = _typed(program, session, event, scene)
    yield from advance(run, move)
    if run.inputs:
        yield from play(run)
    return _finish(run)


def drive(
    turning: Generator[CallRequest, Replied, Turned],
    answer: Callable[[CallRequest], Replied],
) -> Turned:
    """Run a turn to its end; `answer` stands for the back ends."""
    try:
        request = next(turning)
        while True:
            request = turning.send(answer(request))
    except StopIteration as stop:
        turned: Turned = stop.value
        return turned


def _dial(program: Program, session: Session | None, event: Dial, scene: Scene) -> tuple[Run, Move]:
    if session is not None and resume.resumes(program, session, event, scene):
        run = Run(program, session, scene)
        return run, resume.begin(run, event)
    inputs = [clean(text) for text in event.suffix[:_MOST_INPUTS]]
    return begin(program, scene, conversation=event.conversation, code=event.code, inputs=inputs)


def _arrived(program: Program, session: Session | None, scene: Scene) -> tuple[Run, Move]:
    if session is None or session.open is not Open.WAIT:
        raise Astray("nothing is waited for")
    run = Run(program, session, scene)
    return run, adapt(run) or Onward.OPEN


def _typed(
    program: Program, session: Session | None, event: Typed, scene: Scene
) -> tuple[Run, Move]:
    if session is None:
        raise Astray("nothing was dialled")
    run = Run(program, session, scene)
    if session.open is Open.ENDED:
        return run, Target(Way.HOME, program.site.place)
    if session.open is Open.WAIT:
        return run, adapt(run) or Onward.OPEN
    if session.open is not Open.RESUME:
        elsewhere = adapt(run) or ask_again(run)
        if elsewhere is not None:
            return run, elsewhere
    move = draw(run)
    screen = run.screen
    if move is not Onward.STAY or screen is None:
        return run, move
    if screen.pages[session.page].text != session.last or (
        session.shown is not scene.bearer.channel
    ):
        return run, move  # she typed on another screen than this one
    return run, read(run, event.text)


def _finish(run: Run) -> Turned:
    session, screen = run.session, run.screen
    if screen is None:
        raise Astray("there is no screen")
    page = screen.pages[session.page]
    ends = screen.closes and session.page == len(screen.pages) - 1
    step = run.program.steps.get(session.at) if session.open is not Open.RESUME else None
    service, _, part = session.part.partition("#")
    trace = Trace(
        step=step.id if step else None,
        service=service or session.service,
        part=part,
        verb=step.verb if step else session.open.value,
        place=step.place if step else None,
        page=session.page,
        pages=len(screen.pages),
        units=page.units,
        budget=run.bearer.budget,
        open=session.open,
    )
    if ends:
        run.forget()
        session.history, session.says, session.error = [], [], None
        session.open = Open.ENDED
    trim(run)
    session.last, session.shown = page.text, run.scene.bearer.channel
    session.seen = run.scene.now
    return Turned(
        page=page.text,
        ends=ends,
        session=session,
        secrets=run.secrets,
        effects=tuple(run.effects),
        language=run.chosen,
        trace=trace,
    )
