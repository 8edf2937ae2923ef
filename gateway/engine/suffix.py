"""What was dialled behind the code, played input by input: it can show a wrong screen, not act."""

from __future__ import annotations

from collections.abc import Generator

from gateway.engine.flow import advance, draw
from gateway.engine.moves import Onward
from gateway.engine.reading import opened, read
from gateway.engine.run import Matters, Run
from gateway.engine.session import Open, decode, encode
from gateway.errors import Astray
from gateway.events import Answered, CallRequest


def play(run: Run) -> Generator[CallRequest, Answered, None]:
    """Take `run.inputs`, up to the first that is refused or would do something.

    Then the screen that it was meant for is shown without an error, and the rest is dropped. The
    language question takes none of them: they are kept for after it.
    """
    while run.inputs:
        session = run.session
        if session.open is Open.LANGUAGE:
            session.waiting, run.inputs = run.inputs, []
            return
        question, step = opened(run)
        if question.matters(step) or _over(run):
            return
        text, *run.inputs = run.inputs
        before = encode(session)
        run.playing = True
        try:
            yield from advance(run, read(run, text))
            taken = run.session.error is None
        except Matters:
            taken = False
        finally:
            run.playing = False
        if not taken:
            run.session = decode(before)
            run.changed()
            if draw(run) is not Onward.STAY:
                raise Astray("a screen is no longer there")
            return


def _over(run: Run) -> bool:
    screen = run.screen
    return screen is None or (screen.closes and run.session.page == len(screen.pages) - 1)
