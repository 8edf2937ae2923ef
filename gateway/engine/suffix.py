"""What was dialled behind the code, or written in one message, played input by input: it can show
a wrong screen, not act."""

from __future__ import annotations

from collections.abc import Generator

from gateway.engine.flow import advance, draw
from gateway.engine.moves import Onward
from gateway.engine.reading import opened, read
from gateway.engine.run import Matters, Run
from gateway.engine.session import Open, decode, encode
from gateway.errors import Astray
from gateway.events import CallRequest, Replied
from gateway.menu.program import Ask, Step

_FREE = frozenset({"text", "name"})


def play(run: Run) -> Generator[CallRequest, Replied, int]:
    """Take `run.inputs`, up to the first that is refused or would do something; how many it took.

    Then the screen that it was meant for is shown without an error, and the rest is dropped. The
    language question takes none of them: they are kept for after it. The words of a message
    answer one that a step puts, and no free text: one word would be half of it.
    """
    count = 0
    while run.inputs:
        session = run.session
        asks_language = session.open is Open.LANGUAGE
        if asks_language and not (run.by_sms and session.at):
            session.waiting, run.inputs = run.inputs, []
            return count
        question, step = opened(run)
        if question.matters(step) or _over(run) or (run.by_sms and _free(step)):
            return count
        text, *run.inputs = run.inputs
        before = encode(session)
        if asks_language:  # it plays what waits
            session.waiting, run.inputs = run.inputs, []
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
            return count
        count += 1
    return count


def _free(step: Step | None) -> bool:
    """Whether any text answers it. A pattern makes it a reference, or the like."""
    return isinstance(step, Ask) and step.type.base in _FREE and step.type.pattern is None


def _over(run: Run) -> bool:
    screen = run.screen
    return screen is None or (screen.closes and run.session.page == len(screen.pages) - 1)
