"""The language question: every language in its own name."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.engine.behaviour import Question
from gateway.engine.history import leave
from gateway.engine.moves import Move, Onward, Refused
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.menu.program import Do, Service, Step, Target, Way
from gateway.text.transliteration import fit


def offered(run: Run) -> Sequence[str]:
    """The languages of the service where the conversation stands."""
    return (run.service.languages if run.service else ()) or run.program.site.offered


def opening(run: Run, entry: str) -> Target:
    """The start of the service that a keyword named, else home."""
    place = run.program.site.place
    if entry not in run.program.services:
        return Target(Way.HOME, place)
    return Target(Way.PART, place, service=entry, part="start")


def precedes(service: Service, known: str | None) -> bool:
    """Whether the question is put before `service`, for someone whose language is `known`."""
    if service.asks_language or len(service.languages) < 2:
        return False
    return known not in service.languages


def draw(run: Run, step: Step | None) -> Screen | Move:
    if run.service is None and run.session.service in run.program.services:
        run.stand(run.session.service, "start")  # whose languages are offered
    drawing = Drawing(run)
    languages = [run.program.site.languages[code] for code in offered(run)]
    encoding = run.bearer.encoding
    return drawing.screen(
        drawing.question(run.program.words["language"]),
        labels=[fit(language.name, encoding, language.policy) for language in languages],
        picks=[language.code for language in languages],
    )


def pick(run: Run, step: Step | None, code: str) -> Move:
    """Asked by a step, the conversation goes on below it; else it goes home."""
    run.inputs, run.session.waiting = run.session.waiting, []
    if isinstance(step, Do):
        leave(run)
        run.speak(code)
        return Onward.BELOW
    run.session.says = []
    run.session.error = None
    run.speak(code)
    entry, run.session.entry = run.session.entry, ""
    return opening(run, entry)


def answer(run: Run, step: Step | None, text: str) -> Move:
    return Refused("wrong_choice")


question = Question(draw=draw, pick=pick, answer=answer)
