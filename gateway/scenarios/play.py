"""A scenario played: in its language with its texts compared, in the others by its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.engine import Turned, encode
from gateway.events import Answered, CallRequest, Encoding, Outcome
from gateway.menu.program import Place, Program
from gateway.scenarios.phone import Phone
from gateway.scenarios.scenario import ASK, Canned, Enter, HangUp, Scenario, Shows, Swap, Wait
from gateway.scenarios.texts import shown
from gateway.text.language import State
from gateway.text.transliteration import fit

NOON = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)
"""Where no `at` is given, the clock stands at the noon of a Monday."""

DEADLINE = 5.0
"""Seconds that all calls of one step share, as in production."""

DOOR = "*000#"
"""Opens a service that has no code of its own; no site can hold it, since codes begin otherwise."""


@dataclass(frozen=True, slots=True)
class Failure:
    place: Place
    language: str
    message: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was shown, and the move that asked for it (None: dialling)."""

    text: str
    ends: bool
    step: str | None
    move: Enter | HangUp | None


@dataclass(slots=True)
class Played:
    scenario: Scenario
    language: str
    failures: list[Failure] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    compared: dict[Shows, str] = field(default_factory=dict)  # each `shows` and the page it met

    @property
    def steps(self) -> list[str]:
        """The steps that it led through, each once as long as it stayed open."""
        steps: list[str] = []
        for page in self.pages:
            if page.step is not None and steps[-1:] != [page.step]:
                steps.append(page.step)
        return steps


def play(program: Program, scenario: Scenario) -> list[Played]:
    """Once in the scenario's language; without `language:` in each other offered one too."""
    source = program.site.source
    language = scenario.language or source
    first = _Player(program, scenario, source if language == ASK else language).play(compare=True)
    results = [first]
    if scenario.language is None and not first.failures:
        offered = program.services[scenario.service].languages
        for other in (name for name in offered if name != source):
            played = _Player(program, scenario, other).play(compare=False)
            if not played.failures and played.steps != first.steps:
                message = f"leads through other steps than in {source}"
                played.failures.append(Failure(scenario.place, other, message))
            results.append(played)
    return results


class _Player:
    def __init__(self, program: Program, scenario: Scenario, language: str) -> None:
        self.code, self.program = _door(program, scenario)
        self.scenario = scenario
        self.played = Played(scenario, language)
        self.backends: dict[str, Canned] = dict(scenario.backends)
        self.unused: dict[str, Canned] = dict(scenario.backends)
        zone = ZoneInfo(program.site.timezone)
        self.phone = Phone(
            program=self.program,
            number=scenario.phone,
            network=scenario.network,
            now=scenario.at.replace(tzinfo=zone) if scenario.at is not None else NOON,
            answer=self.answer,
            language=None if scenario.language == ASK else language,
        )
        self.shown = ""  # the page on the phone; stays when the call has ended
        self.place = scenario.place  # of the move that is being played

    def play(self, *, compare: bool) -> Played:
        if not self.dial():
            return self.played
        for move in self.scenario.moves:
            self.place = move.place
            if isinstance(move, Shows):
                if compare:
                    self.compare(move)
            elif isinstance(move, Swap):
                self.backends |= move.backends
                self.unused |= move.backends
            elif isinstance(move, Wait):
                self.phone.wait(move.seconds)
            elif isinstance(move, HangUp):
                self.phone.hang_up()
                self.phone.wait(move.seconds)
                self.dial(move)
            elif self.phone.open is None:
                self.fail("the call has ended: nothing can be entered any more")
                return self.played
            else:
                self.page(self.phone.enter(move.text), move)
        self.place = self.scenario.place
        self.settle()
        return self.played

    def dial(self, move: HangUp | None = None) -> bool:
        turned = self.phone.dial(self.code)
        if turned is None:
            self.fail(f"no service opens by dialling « {self.code} »")
            return False
        self.page(turned, move)
        return True

    def page(self, turned: Turned, move: Enter | HangUp | None) -> None:
        self.shown = turned.page
        self.played.pages.append(Page(turned.page, turned.ends, turned.trace.step, move))
        if turned.trace.units > turned.trace.budget:
            self.fail(f"a page of {turned.trace.units}, over its budget of {turned.trace.budget}")
        for secret in self.scenario.hidden:
            if any(secret in text for text in self.seen(turned)):
                self.fail("what must stay hidden is seen")
        self.untranslated(turned)

    def seen(self, turned: Turned) -> Iterator[str]:
        """Wherever a secret must not turn up: the page, the session at rest, the effects."""
        yield turned.page
        yield encode(turned.session).decode("utf-8", "replace")
        for effect in turned.effects:
            yield repr(effect.body)

    def untranslated(self, turned: Turned) -> None:
        site, language = self.program.site, self.played.language
        step = self.program.steps.get(turned.trace.step or "")
        if step is None or language == site.source:
            return
        if site.languages[language].state is State.DRAFT:
            return
        for text in shown(step):
            if text.variants[language].language != language:
                self.fail(f"« {text.source} » ({text.place}) is not translated into {language}")

    def compare(self, move: Shows) -> None:
        self.played.compared[move] = self.shown
        if not self.holds(move.text):
            self.fail(f"the page does not show « {move.text} »")
        elif move.ends and self.phone.open is not None:
            self.fail("the conversation goes on, though it should end here")

    def holds(self, text: str) -> bool:
        """Authors write texts as in the menus; a phone shows what its alphabet has of them."""
        shown_ = _plain(self.shown)
        policy = self.program.site.languages[self.played.language].policy
        return _plain(text) in shown_ or _plain(fit(text, Encoding.GSM7, policy)) in shown_

    def answer(self, request: CallRequest) -> Answered:
        canned = self.backends.get(request.operation)
        if canned is None:
            self.fail(f"« {request.operation} » is called, but « backends: » has no answer of it")
            return Answered(Outcome.UNAVAILABLE)
        self.unused.pop(request.operation, None)
        if canned.after >= DEADLINE:
            return Answered(Outcome.UNAVAILABLE)
        return Answered(canned.outcome, canned.data)

    def settle(self) -> None:
        for canned in self.unused.values():
            self.fail(f"no step used the answer of « {canned.operation} »", canned.place)
        self.sent("sms", "message", self.scenario.sms)
        self.sent("callback", "queue", self.scenario.callbacks)

    def sent(self, kind: str, key: str, expected: tuple[str, ...] | None) -> None:
        if expected is None:
            return
        found = [str(effect.body[key]) for effect in self.phone.effects if effect.kind == kind]
        if list(expected) != found:
            was, should = ", ".join(found) or "none", ", ".join(expected) or "none"
            self.fail(f"{kind}: {was} was sent, not {should}")

    def fail(self, message: str, place: Place | None = None) -> None:
        failure = Failure(place or self.place, self.played.language, message, self.shown)
        if failure not in self.played.failures:
            self.played.failures.append(failure)


def _door(program: Program, scenario: Scenario) -> tuple[str, Program]:
    """What to dial, and a program in which that opens the service."""
    if scenario.dial is not None:
        return scenario.dial, program
    own = [code for code, service in program.site.codes.items() if service == scenario.service]
    if own:
        return min(own, key=len), program
    codes: Mapping[tuple[str, ...], str] = {**program.codes, ("000",): scenario.service}
    return DOOR, replace(program, codes=codes)


def _plain(text: str) -> str:
    """White space apart, as a line break may fall anywhere in a page."""
    return " ".join(text.split())
