"""A phone in the terminal: what an author sees while he tries a service.

It reads lines and prints; who types them, a person or a pipe, makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.engine import Open, Turned
from gateway.engine.matching import clean, fold
from gateway.errors import GatewayError
from gateway.events import Outcome
from gateway.menu.findings import nearest, offer
from gateway.menu.program import Ask, Program
from gateway.menu.values import duration_of
from gateway.scenarios.phone import Phone, door
from gateway.scenarios.play import Page
from gateway.scenarios.recording import Recorded, Recording
from gateway.scenarios.saving import save
from gateway.scenarios.scenario import Enter, HangUp, Send, Wait
from gateway.scenarios.standin import Standins, operations
from gateway.scenarios.values import network_of
from gateway.scenarios.view import View


class Quit(Exception):
    """The person at the terminal is done."""


@dataclass(frozen=True, slots=True)
class Fail:
    """From here on `operation` answers `outcome`."""

    operation: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Spoke:
    """She was asked for her language and typed `text`."""

    text: str


Act = Enter | Spoke | HangUp | Send | Wait | Fail


@dataclass(slots=True)
class Terminal:
    """`opens` is a code to dial, or the name of a service. The clock stands still at `now`, the
    site's time, but for `:wait` and `:redial`."""

    program: Program
    view: View
    folder: Path
    opens: str
    number: str
    network: str | None
    language: str | None
    now: datetime
    fails: Mapping[str, Outcome] = field(default_factory=dict)
    standins: Standins = field(init=False)
    phone: Phone = field(init=False)
    turned: Turned | None = None  # the last one
    moves: list[Recorded] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)  # to be done again
    secrets: set[str] = field(default_factory=set)  # what was typed where one was asked
    away: int = 0  # seconds since the call was cut

    def __post_init__(self) -> None:
        self._pick_up()

    # ---- what is typed ---------------------------------------------------------------

    def line(self, line: str) -> None:
        """One line: a command if it begins with `:`, else an answer. Raises Quit."""
        try:
            if not line.startswith(":"):
                self._enter(line)
                return
            name, _, rest = line[1:].partition(" ")
            command = _COMMANDS.get(name)
            if command is None:
                hint = offer(name, COMMANDS)
                self.view.say(
                    f"there is no « :{clean(name)} »: {hint or ':help lists what there is'}"
                )
            else:
                command(self, rest.strip())
        except GatewayError as error:
            self._astray(error)

    def dial(self) -> None:
        """Calls for the first time."""
        try:
            self._show(self._dial(None))
        except GatewayError as error:
            self._astray(error)

    def take_up(self, program: Program) -> None:
        """Menus were edited: the same keys are pressed again on the new ones."""
        self.program = program
        self._again("menus taken up; the same keys again")

    @property
    def asks_secret(self) -> bool:
        """Whether what is typed next must not be seen."""
        return self._at_secret and not self.phone.by_sms

    @property
    def _at_secret(self) -> bool:
        """Whether a secret is asked, or waited for by SMS."""
        if self.turned is None or self.phone.open is None:
            return False
        step = self.program.steps.get(self.turned.trace.step or "")
        is_open = self.turned.trace.open is Open.STEP
        return is_open and isinstance(step, Ask) and step.type.base == "pin"

    @property
    def _asks_language(self) -> bool:
        asked = self.turned is not None and self.turned.trace.open is Open.LANGUAGE
        return asked and self.phone.open is not None

    # ---- the phone -------------------------------------------------------------------

    def _pick_up(self) -> None:
        """A new citizen, who has done nothing yet."""
        self.standins = Standins(self.program, self.now.date(), dict(self.fails))
        self.phone = Phone(
            program=self.program,
            number=self.number,
            network=self.network,
            now=self.now,
            answer=self.standins.answer,
            language=self.language,
        )
        self.turned = None
        self.away = 0
        self.moves = []
        self.acts = []
        self.secrets = set()

    def _dial(self, move: HangUp | None) -> Turned | None:
        code = self.opens
        if code in self.program.services:
            code, self.phone.program = door(self.program, code)
        turned = self.phone.dial(code)
        if turned is None:
            self.view.say(f"nothing opens by « {code} »: {offer(code, self.program.site.codes)}")
            return None
        self.away = 0
        self._note(move, turned, secret=False)
        return turned

    def _enter(self, text: str) -> None:
        if self.phone.open is None:
            self.view.say("no call is open; :redial calls again")
            return
        if self.phone.by_sms:
            self.view.say("this came by SMS; :sms TEXT answers it, :redial calls")
            return
        self._show(self._press(text))

    def _press(self, text: str) -> Turned:
        before, asked = self.turned, self.asks_secret
        turned = self.phone.enter(text)
        secret = asked and before is not None and not self._is_key(text, before, turned)
        if secret:
            self.secrets |= {text, clean(text), clean(text).replace(" ", "")} - {""}
        spoke = before is not None and before.trace.open is Open.LANGUAGE
        self.acts.append(Spoke(text) if spoke else Enter(text))
        self._note(Enter(text), turned, secret=secret)
        return turned

    def _is_key(self, text: str, before: Turned, after: Turned) -> bool:
        """Whether it went back, home or to another page, instead of answering."""
        keys, words = self.program.site.keys, self.program.words
        language = before.session.language or self.program.site.source
        known = {keys.back, keys.home, keys.more, keys.skip}
        known |= {
            fold("".join(map(str, words[word].variants[language].forms[0])))
            for word in ("back", "home", "more", "skip")
            if language in words[word].variants
        }
        answered = after.session.error is not None or after.session.held != before.session.held
        return fold(text) in known and not answered

    def _text(self, text: str) -> Turned | str:
        at_secret = self._at_secret
        answered = self.phone.text(text)
        self.away = 0
        self.acts.append(Send(text))
        if isinstance(answered, str):
            page = Page(answered, False, None, Open.STEP, Send(text))
            self.moves.append(Recorded(Send(text), page))
            return answered
        secret = at_secret and sum(map(str.isdigit, text)) > 3
        if secret:
            self.secrets |= {text, clean(text)} - {""}
        self._note(Send(text), answered, secret=secret)
        return answered

    def _note(self, move: Enter | HangUp | Send | None, turned: Turned, *, secret: bool) -> None:
        trace = turned.trace
        page = Page(turned.page, turned.ends, trace.step, trace.open, move)
        calls, self.standins.called = tuple(self.standins.called), []
        self.moves.append(Recorded(move, page, calls, secret))
        self.turned = turned

    def _again(self, why: str) -> None:
        """The same moves from the start on, as far as they lead."""
        acts = list(self.acts)
        self._pick_up()
        self.view.say(why)
        try:
            turned = self._dial(None)
            for act in acts:
                match act:
                    case Fail(operation, outcome):
                        self._answers(operation, outcome)
                    case Wait(seconds):
                        self._pass(seconds)
                    case HangUp(seconds):
                        turned = self._call_again(seconds)
                    case Send(text):
                        answered = self._text(text)
                        turned = turned if isinstance(answered, str) else answered
                    case Spoke(text) if self._asks_language:
                        turned = self._press(text)
                    case Enter(text) if self.phone.open is not None and not self.phone.by_sms:
                        turned = self._press(text)
        except GatewayError as error:
            self._astray(error)
        else:
            self._show(turned)

    def _astray(self, error: GatewayError) -> None:
        """Nothing came of the last line: the page stays, what was called is forgotten."""
        self.standins.called.clear()
        self.view.say(f"the menu leads nowhere here: {error}")

    def _answers(self, operation: str, outcome: Outcome) -> None:
        self.standins.fails[operation] = outcome
        self.acts.append(Fail(operation, outcome))

    def _pass(self, seconds: int) -> None:
        self.phone.wait(seconds)
        self.acts.append(Wait(seconds))
        self.moves.append(Recorded(Wait(seconds)))

    def _call_again(self, seconds: int) -> Turned | None:
        self.phone.hang_up()
        self.phone.wait(seconds - self.away)
        self.acts.append(HangUp(seconds))
        return self._dial(HangUp(seconds))

    def _show(self, turned: Turned | None) -> None:
        if turned is not None:
            bearer = self.phone.bearer(turned)
            self.view.turned(turned, bearer, self.moves[-1].calls, self.secrets)

    # ---- commands --------------------------------------------------------------------

    def _lang(self, code: str) -> None:
        offered = self.program.site.offered
        if code not in offered:
            self.view.say(f":lang CODE, one of {', '.join(offered)}")
            return
        self.language = code
        self._again(f"in {self.program.site.languages[code].name}, the same keys")

    def _operator(self, name: str) -> None:
        network = network_of(self.program, name)
        if network is None:
            known = ", ".join(one.name for one in self.program.site.operators.values())
            self.view.say(f":op NAME, one of {known}" if known else "the site names no operators")
            return
        self.network = network
        self._again(f"on {self.program.site.operators[network].name}, the same keys")

    def _sms(self, text: str) -> None:
        answered = self._text(text)
        if isinstance(answered, str):
            self.view.told(answered)
        else:
            self._show(answered)

    def _hang_up(self, _: str) -> None:
        self.phone.hang_up()
        self.view.say("the call is cut; :redial calls again, :redial 10m after ten minutes")

    def _redial(self, words: str) -> None:
        seconds = self._seconds(words) if words else 0
        if seconds is None:
            self.view.say(":redial, or :redial 10m; a duration is a number and s, m, h or d")
            return
        self._show(self._call_again(self.away + seconds))

    def _wait(self, words: str) -> None:
        seconds = self._seconds(words)
        if seconds is None:
            self.view.say(":wait 10m; a duration is a number and s, m, h or d")
            return
        if self.phone.open is None:
            self.phone.wait(seconds)
            self.away += seconds
        else:
            self._pass(seconds)
        self.view.say(f"it is {self.phone.now:%Y-%m-%d %H:%M}")

    def _fail(self, words: str) -> None:
        operation, _, word = words.partition(" ")
        known = operations(self.program)
        if operation not in known:
            hint = nearest(operation, known) or f"one of {', '.join(known) or 'none'}"
            self.view.say(f":fail OPERATION OUTCOME, the operation {hint}")
        elif word.strip() not in list(Outcome):
            self.view.say(f":fail {operation} OUTCOME, one of {', '.join(Outcome)}")
        else:
            self._answers(operation, Outcome(word.strip()))
            self.view.say(f"from now on {operation} answers {word.strip()}")

    def _save(self, name: str) -> None:
        if not name or self.turned is None:
            self.view.say(":save NAME, once something was played")
            return
        program, by_name = self.program, self.opens in self.program.services
        operator = program.site.operators.get(self.network or "")
        recording = Recording(
            service=self.opens if by_name else self.turned.session.service,
            dial=None if by_name else self.opens,
            phone=self.number,
            operator=operator.name if operator else None,
            language=self.language,
            source=program.site.source,
            at=self.now,
            moves=self.moves,
            effects=self.phone.effects,
        )
        saved = save(program, self.folder, recording, " ".join(name.split()))
        self.view.say(f"saved to {saved.path}" if saved.path else "not saved")
        for remark in saved.remarks:
            self.view.say(f"  {remark}")

    def _help(self, _: str) -> None:
        self.view.say(
            "\n".join(f"{f':{one} {about[0]}':<26} {about[1]}" for one, about in COMMANDS.items())
        )

    def _quit(self, _: str) -> None:
        raise Quit

    def _seconds(self, text: str) -> int | None:
        found = duration_of(text)
        return None if found is None else int(found.total_seconds())


COMMANDS: Mapping[str, tuple[str, str]] = {
    "lang": ("CODE", "the same keys in another language"),
    "op": ("NAME", "the same keys on another operator's screen"),
    "sms": ("TEXT", "send a text message to the short code"),
    "hangup": ("", "lose the network"),
    "redial": ("[10m]", "call again, after a while"),
    "wait": ("10m", "let time pass"),
    "fail": ("OPERATION OUTCOME", "what a back end answers from now on"),
    "save": ("NAME", "write what was played beside the service, as a scenario"),
    "help": ("", "this list"),
    "quit": ("", "leave"),
}

_COMMANDS: Mapping[str, Callable[[Terminal, str], None]] = {
    "lang": Terminal._lang,
    "op": Terminal._operator,
    "sms": Terminal._sms,
    "hangup": Terminal._hang_up,
    "redial": Terminal._redial,
    "wait": Terminal._wait,
    "fail": Terminal._fail,
    "save": Terminal._save,
    "help": Terminal._help,
    "quit": Terminal._quit,
}
