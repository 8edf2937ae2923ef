"""What a text message means: an answer, several, a keyword that opens a service.

It is read in this order: the answer to the open question; of several words, one after the other,
up to the first that is refused or would do something; a keyword; else the open screen again, or
the home menu. RETOUR and the like are words of every open question (`reading`).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import NamedTuple

from gateway.engine import resume
from gateway.engine.beginning import begin
from gateway.engine.editions import adapt
from gateway.engine.flow import advance, draw
from gateway.engine.history import leave
from gateway.engine.language import opening
from gateway.engine.matching import clean, folded
from gateway.engine.moves import Move, Onward, Refused
from gateway.engine.pins import ask_again
from gateway.engine.reading import read
from gateway.engine.resume import LASTS
from gateway.engine.run import Run
from gateway.engine.session import Open, Session
from gateway.engine.suffix import play
from gateway.events import CallRequest, Channel, Dial, Replied, Scene, Texted
from gateway.menu.program import Program

_MOST_WORDS = 20  # of one message that are taken for answers

_GAPS = re.compile(r"[\s,;*#]+")
_SIGNS = re.compile(r"^[^\w+-]+|[^\w]+$")


class Keyword(NamedTuple):
    """The service that a message names, "" for none, and the answers behind its word."""

    service: str
    answers: list[str]


def receive(
    program: Program, session: Session | None, event: Texted, scene: Scene
) -> Generator[CallRequest, Replied, Run]:
    """Take a message as far as it leads; a screen is drawn then."""
    text = clean(event.text)
    if session is not None and _alive(session, scene):
        run = Run(program, session, scene)
        yield from _answer(run, text, event.conversation)
        return run
    keyword = _keyword(program, _words(text), anywhere=True)
    dial = _as_dialled(program, event.conversation)
    if session is not None and resume.resumes(program, session, dial, scene):
        run = Run(program, session, scene)
        move = resume.begin(run, dial, *keyword)
    else:
        run, move = begin(
            program,
            scene,
            conversation=event.conversation,
            code=dial.code,
            inputs=keyword.answers,
            entry=keyword.service,
        )
    yield from advance(run, move)
    yield from play(run)
    return run


def goes_on(program: Program, session: Session, scene: Scene) -> bool:
    """Whether a message goes on with `session`, asking or not, instead of starting anew."""
    dial = _as_dialled(program, session.conversation)
    return _alive(session, scene) or resume.resumes(program, session, dial, scene)


def _alive(session: Session, scene: Scene) -> bool:
    """Whether a message answers the screen that the last one brought."""
    recent = scene.now - session.seen <= LASTS
    return session.shown is Channel.SMS and session.open is not Open.ENDED and recent


def _as_dialled(program: Program, conversation: str) -> Dial:
    """The short code opens what the site says, as a code does; "" where that has no code."""
    site = program.site
    codes = [code for code, opened in site.codes.items() if opened == site.sms.start]
    return Dial(min(codes, key=len, default=""), conversation)


# ---- an open question ----------------------------------------------------------------


def _answer(run: Run, text: str, conversation: str) -> Generator[CallRequest, Replied, None]:
    if run.session.open is Open.WAIT:
        yield from advance(run, adapt(run) or Onward.OPEN)
        return
    move = _again(run)
    if move is not None:
        yield from advance(run, move)
        return
    asked, words = run.session.open, _words(text)
    move = _whole(run, text, words)
    if _taken(move):
        yield from advance(run, move)
        yield from play(run)
        return
    if len(words) > 1 and asked is not Open.LANGUAGE:
        # What is gone on with must be seen before it is answered.
        run.inputs = words[:1] if asked is Open.RESUME else words
        taken = yield from play(run)
        run.inputs = []
        if taken:
            return
    keyword = _keyword(run.program, words, anywhere=False)
    if keyword.service:
        yield from _open(run, keyword, conversation)
    else:
        yield from advance(run, move)


def _again(run: Run) -> Move | None:
    """What is shown instead of taking the message; None where it can be taken."""
    session = run.session
    if session.open is not Open.RESUME:
        elsewhere = adapt(run) or ask_again(run)
        if elsewhere is not None:
            return elsewhere
    move = draw(run)
    if move is not Onward.STAY or run.screen is None:
        return move
    # She answered another screen than this one.
    return None if run.screen.pages[session.page].text == session.last else move


def _whole(run: Run, text: str, words: Sequence[str]) -> Move:
    """What all of the message does on the open screen; of the language question the rest waits."""
    move = _read(run, text)
    if not _taken(move) and len(words) == 1 and words[0] != text:
        move = _read(run, words[0])
    session = run.session
    if not _taken(move) and len(words) > 1 and session.open is Open.LANGUAGE:
        kept, session.waiting = session.waiting, list(words[1:])
        move = _read(run, words[0])
        if not _taken(move):
            session.waiting = kept
    return move


def _read(run: Run, text: str) -> Move:
    """What `text` does on the open screen; STAY where it does nothing."""
    page = run.session.page
    move = read(run, text)
    turned = move is Onward.STAY and run.session.page != page
    return Onward.OPEN if turned else move


def _taken(move: Move) -> bool:
    return not isinstance(move, Refused) and move is not Onward.STAY


def _open(run: Run, keyword: Keyword, conversation: str) -> Generator[CallRequest, Replied, None]:
    """Leave for the service of a keyword. RETOUR leads back, if there is what to come back to.

    The first question for her language stays, and what she named waits for it.
    """
    session = run.session
    if session.open is Open.LANGUAGE and not session.at:
        session.entry, session.waiting = keyword
        session.error = None
        yield from advance(run, Onward.OPEN)
        return
    if session.open is Open.STEP and session.pending is None:
        leave(run)
    else:
        run.begin(
            Session(
                conversation=conversation,
                program=run.program.hash,
                code=session.code,
                service=keyword.service,
                language=session.language,
                open=Open.STEP,
                seen=run.scene.now,
            )
        )
    run.inputs = keyword.answers
    yield from advance(run, opening(run, keyword.service))
    yield from play(run)


# ---- words ---------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    """The words of a message, as they are answers: without the signs around them."""
    words = (_SIGNS.sub("", word) for word in _GAPS.split(text))
    return [word for word in words if word][:_MOST_WORDS]


def _keyword(program: Program, words: Sequence[str], *, anywhere: bool) -> Keyword:
    """The keyword that the message begins with; `anywhere`: else the only service that its words
    name, with no answers."""
    known = {
        tuple(folded(word).split()): service.name
        for service in program.services.values()
        for word in service.keywords
    }
    if not words or not known:
        return Keyword("", [])
    plain = [folded(word).split() for word in words]
    for length in range(len(words), 0, -1):
        said = tuple(part for word in plain[:length] for part in word)
        if said in known:
            return Keyword(known[said], list(words[length:]))
    parts = [part for word in plain for part in word]
    named = {
        service
        for said, service in known.items()
        if any(tuple(parts[at : at + len(said)]) == said for at in range(len(parts)))
    }
    return Keyword(named.pop() if anywhere and len(named) == 1 else "", [])
