"""A scenario played: in its language with its texts compared, in the others by its steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gateway.engine import Open, Turned
from gateway.errors import GatewayError
from gateway.events import Answered, CallRequest, Delayed, Encoding, Outcome, Replied
from gateway.menu.program import Place, Program
from gateway.scenarios.canned import DEADLINE, patience
from gateway.scenarios.phone import Phone, door
from gateway.scenarios.scenario import (
    ASK,
    Canned,
    Deed,
    Dial,
    Enter,
    HangUp,
    Move,
    Scenario,
    Send,
    Shows,
    Swap,
    Wait,
)
from gateway.scenarios.secrecy import Hidden
from gateway.scenarios.texts import Untranslated
from gateway.text.transliteration import fit


@dataclass(frozen=True, slots=True)
class Failure:
    place: Place
    language: str
    message: str
    page: str = ""  # what the phone showed, secrets masked


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was shown, and the move that asked for it (None: dialling)."""

    text: str
    ends: bool
    step: str | None
    open: Open
    move: Deed | None
    turns: bool = False  # another page of the screen that was open, and nothing else
    more: bool = False  # the screen has further pages


@dataclass(slots=True)
class Played:
    scenario: Scenario
    language: str
    failures: list[Failure] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    compared: dict[Shows, Page] = field(default_factory=dict)  # each `shows`, and what it met

    def screens(self) -> dict[Deed | None, Page]:
        """Where each move led, whatever number of pages the screen was turned through."""
        found: dict[Deed | None, Page] = {}
        last: Deed | None = None
        for page in self.pages:
            if page.turns:
                found[last] = replace(found[last], ends=page.ends, more=page.more)
            else:
                last = page.move
                found[last] = page
        return found

    def turned(self) -> frozenset[Deed | None]:
        """The moves that did nothing but turn a page, of which other languages have others."""
        return frozenset(page.move for page in self.pages if page.turns)


def play(program: Program, scenario: Scenario) -> list[Played]:
    """Once in the scenario's language; without `language:` in each other offered one too."""
    source = program.site.source
    if scenario.language is not None:
        return [_Player(program, scenario, scenario.language).play()]
    offered = program.services[scenario.service].languages
    first = source if source in offered or not offered else offered[0]
    results = [_Player(program, scenario, first).play()]
    if not results[0].failures:
        others = (language for language in offered if language != first)
        results += [_Player(program, scenario, other, results[0]).play() for other in others]
    return results


class _Astray(Exception):
    """What would follow proves nothing: the scenario is played no further."""


class _Player:
    """One playing. With a `guide`, it must be led the way that the guide was."""

    def __init__(
        self, program: Program, scenario: Scenario, language: str, guide: Played | None = None
    ) -> None:
        own, opened = door(program, scenario.service)
        self.code = scenario.dial or own
        self.program = opened
        self.scenario = scenario
        self.guide = guide
        self.screens = {} if guide is None else guide.screens()
        self.skipped = frozenset() if guide is None else guide.turned()
        self.played = Played(scenario, language)
        self.hidden = Hidden(scenario.hidden)
        self.untranslated: dict[str, Untranslated] = {}
        self.backends = dict(scenario.backends)
        self.canned = list(scenario.backends.values())
        self.used: set[Canned] = set()
        self.waited = 0.0  # for back ends, in this step
        self.spent = 0.0  # for them, in all
        self.slow: dict[tuple[str, str, int], float] = {}  # when each call under way will end
        self.phone = Phone(
            program=self.program,
            number=scenario.phone,
            network=scenario.network,
            now=scenario.at,
            answer=self.answer,
            language=None if language == ASK else language,
        )
        self.last: Turned | None = None
        self.place = scenario.place  # of the move that is being played

    def play(self) -> Played:
        try:
            self.begin()
            for move in self.scenario.moves:
                self.place = move.place
                self.move(move)
            self.place = self.scenario.place
            self.settle()
        except _Astray:
            pass
        except GatewayError as error:
            self.fail(f"the menu leads nowhere here: {error}")
        return self.played

    # ---- moves -----------------------------------------------------------------------

    def begin(self) -> None:
        language = self.scenario.language
        if language not in (None, ASK) and language not in self.program.site.offered:
            self.stop(f"« {language} » is a draft, and drafts are not offered (GATEWAY_DRAFTS)")
        acts = (move for move in self.scenario.moves if not isinstance(move, Wait | Swap))
        if not isinstance(next(acts, None), Send | Dial):
            self.dial(None, self.code)

    def move(self, move: Move) -> None:
        match move:
            case Shows():
                self.compare(move)
            case Swap():
                self.backends |= move.backends
                self.canned += move.backends.values()
            case Wait():
                self.phone.wait(move.seconds)
            case HangUp():
                self.phone.hang_up()
                self.phone.wait(move.seconds)
                self.dial(move, self.code)
            case Dial():
                self.dial(move, move.code)
            case Send() if move not in self.skipped:
                self.send(move)
            case Enter() if move not in self.skipped:
                if self.phone.open is None:
                    self.stop("the call has ended: nothing can be entered any more")
                if self.phone.by_sms:
                    self.stop(
                        "the last page came by SMS: answer it by « sms: », or « dial: » first"
                    )
                self.waited = 0.0
                self.page(self.phone.enter(move.text), move)
                self.follow(move)

    def send(self, move: Send) -> None:
        self.waited = 0.0
        answered = self.phone.text(move.text)
        if isinstance(answered, str):
            self.played.pages.append(Page(answered, False, None, Open.STEP, move))
        else:
            self.page(answered, move)
            self.follow(move)

    def more(self) -> None:
        """Another page, as far as there are more of them in this language."""
        word = self.program.site.keys.more
        turned = self.phone.text(word) if self.phone.by_sms else self.phone.enter(word)
        if not isinstance(turned, str):
            self.page(turned, None)

    def dial(self, move: HangUp | Dial | None, code: str) -> None:
        self.waited = 0.0
        self.last = None
        turned = self.phone.dial(code)
        if turned is None:
            self.stop(f"nothing opens by « {code} »")
        else:
            self.page(turned, move)
            self.follow(move)

    def page(self, turned: Turned, move: Deed | None) -> None:
        before, self.last = self.last, turned
        trace = turned.trace
        self.played.pages.append(
            Page(
                turned.page,
                turned.ends,
                trace.step,
                trace.open,
                move,
                turns=before is not None and _turns(before, turned),
                more=trace.page + 1 < trace.pages,
            )
        )
        if trace.units > trace.budget:
            self.fail(f"a page of {trace.units}, over its budget of {trace.budget}")
        for where in self.hidden.found(turned):
            self.fail(f"what must stay hidden can be read {where}")
        language = self.spoken
        if language not in self.untranslated:
            self.untranslated[language] = Untranslated(self.program, language)
        for text in self.untranslated[language].on(turned):
            self.fail(f"« {text.source} » ({text.place}) is not translated into {language}")

    @property
    def spoken(self) -> str:
        """The language of the conversation: the scenario's, unless she chose another."""
        chosen = self.last.session.language if self.last is not None else None
        return chosen or self.program.site.source

    def follow(self, move: Deed | None) -> None:
        """Holds where a move led against where it led the guide."""
        if self.guide is None or move not in self.screens:
            return
        expected = self.screens[move]
        while expected.ends and self.phone.open is not None and self.played.pages[-1].more:
            self.more()
        page = self.played.pages[-1]
        same_end = page.ends == expected.ends or (page.ends and expected.more)
        if (page.step, page.open) == (expected.step, expected.open) and same_end:
            return
        there, here = self.name(expected), self.name(page)
        if there == here:
            there, here = (
                "the end" if one.ends else "a screen that goes on" for one in (expected, page)
            )
        hint = ""
        if isinstance(move, Enter | Send) and any(map(str.isalpha, move.text)):
            hint = "; words are an answer in one language: say which by « language: »"
        self.stop(f"leads to {here}, in {self.guide.language} to {there}{hint}")

    def name(self, page: Page) -> str:
        """For people: `menu (menus/etat-civil.yaml:10:7)`."""
        step = self.program.steps.get(page.step or "")
        return f"the question of {page.open}" if step is None else f"{step.verb} ({step.place})"

    # ---- comparing -------------------------------------------------------------------

    def compare(self, move: Shows) -> None:
        if self.guide is not None:
            return
        self.played.compared[move] = self.played.pages[-1]
        if not self.holds(move.text):
            self.fail(f"the page does not show « {' '.join(move.text.split())} »")
        elif move.ends and self.phone.open is not None:
            self.fail("the conversation goes on, though it should end here")

    def holds(self, text: str) -> bool:
        """Authors write texts as in the menus; a phone shows what its alphabet has of them."""
        page = self.played.pages[-1].text
        site = self.program.site
        policy = site.languages.get(self.spoken, site.languages[site.source]).policy
        return any(
            _plain(wanted) in _plain(shown)
            for wanted in (text, fit(text, Encoding.GSM7, policy))
            for shown in (page, self.hidden.mask(page))
        )

    # ---- back ends and effects -------------------------------------------------------

    def answer(self, request: CallRequest) -> Replied:
        canned = self.backends.get(request.operation)
        if canned is None:
            self.fail(f"« {request.operation} » is called, but « backends: » has no answer of it")
            return Answered(Outcome.UNAVAILABLE)
        self.used.add(canned)
        patient = patience(self.program, request.operation)
        call = (request.conversation, request.step, request.attempt)
        if not request.again:
            self.slow.pop(call, None)
        now = self.phone.now.timestamp() + self.spent
        ends = self.slow.setdefault(call, now + min(canned.after, patient))
        left, needs = DEADLINE - self.waited, ends - now
        spent = max(0.0, min(left, needs))
        self.waited += spent
        self.spent += spent
        if needs > left and patient > left:
            return Delayed()
        del self.slow[call]
        if canned.after >= patient:
            return Answered(Outcome.UNAVAILABLE)
        return Answered(canned.outcome, canned.data)

    def settle(self) -> None:
        for canned in self.canned:
            if canned not in self.used:
                self.fail(f"no step used this answer of « {canned.operation} »", canned.place)
        self.sent("sms", "message", self.scenario.sms)
        self.sent("callback", "queue", self.scenario.callbacks)

    def sent(self, kind: str, key: str, expected: tuple[str, ...] | None) -> None:
        if expected is None:
            return
        found = [str(effect.body[key]) for effect in self.phone.effects if effect.kind == kind]
        if list(expected) != found:
            was, should = ", ".join(found) or "none", ", ".join(expected) or "none"
            self.fail(f"{kind}: {should} expected, but {was} came of it")

    # ---- failures --------------------------------------------------------------------

    def fail(self, message: str, place: Place | None = None) -> None:
        page = self.played.pages[-1].text if self.played.pages else ""
        failure = Failure(
            place or self.place,
            self.played.language,
            self.hidden.mask(message),
            self.hidden.mask(page),
        )
        if failure not in self.played.failures:
            self.played.failures.append(failure)

    def stop(self, message: str) -> None:
        self.fail(message)
        raise _Astray


def _turns(before: Turned, after: Turned) -> bool:
    """Whether another page of the same screen came, and nothing was answered.

    A conversation that ends forgets its history, whatever brought it to its end.
    """
    was, is_ = before.trace, after.trace
    return (
        (was.step, was.open) == (is_.step, is_.open)
        and was.pages == is_.pages
        and abs(was.page - is_.page) == 1
        and before.session.error == after.session.error
        and (after.ends or len(before.session.history) == len(after.session.history))
    )


def _plain(text: str) -> str:
    """White space apart, as a line break may fall anywhere in a page."""
    return " ".join(text.split())
