"""A phone in the terminal: what an author sees while he tries a service.

It reads lines and prints; who types them, a person or a pipe, makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text as Styled

from gateway.channels import ussd
from gateway.engine import Turned
from gateway.events import Effect, Encoding, Outcome
from gateway.menu.program import Ask, Place, Program
from gateway.scenarios.phone import Phone
from gateway.scenarios.play import Page
from gateway.scenarios.scenario import Enter, HangUp
from gateway.scenarios.standin import Standins
from gateway.scenarios.writing import DOTS, Recording
from gateway.text.segments import segment

NOWHERE = Place("", 0, 0)
_WIDTH = 44
_DURATION = re.compile(r"(\d+) ?([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DIGITS = "1234567890"


class Quit(Exception):
    """The person at the terminal is done."""


@dataclass(slots=True)
class Terminal:
    """`save` takes a service, a name and a scenario, and says where it wrote it."""

    program: Program
    console: Console
    code: str
    number: str
    network: str | None
    language: str | None
    clock: Callable[[], datetime]
    save: Callable[[str, str, str], str]
    standins: Standins = field(init=False)
    phone: Phone = field(init=False)
    pages: list[Page] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)  # to be played again
    told: int = 0  # back-end calls that were shown

    def __post_init__(self) -> None:
        self.standins = Standins(self.program, self.clock().date())
        self._pick_up()

    # ---- what is typed ---------------------------------------------------------------

    def line(self, line: str) -> None:
        """One line: a command if it begins with `:`, else an answer. Raises Quit."""
        if not line.startswith(":"):
            self._enter(line)
            return
        name, _, rest = line[1:].partition(" ")
        command = _COMMANDS.get(name)
        if command is None:
            self._say(f"there is no « :{name} »; :help lists what there is")
        else:
            command(self, rest.strip())

    def dial(self) -> None:
        self._show(self._dial(None))

    def take_up(self, program: Program) -> None:
        """Menus were edited: the same keys are pressed again on the new ones."""
        self.program = self.standins.program = program
        self._again("menus taken up; the same keys again")

    # ---- the phone -------------------------------------------------------------------

    def _pick_up(self) -> None:
        self.phone = Phone(
            program=self.program,
            number=self.number,
            network=self.network,
            now=self.clock(),
            answer=self.standins.answer,
            language=self.language,
        )
        self.standins.called.clear()
        self.told = 0
        self.pages.clear()
        self.hidden.clear()
        self.typed.clear()

    def _dial(self, move: HangUp | None) -> Turned | None:
        self.phone.now = self.clock()
        turned = self.phone.dial(self.code)
        if turned is None:
            self._say(f"no service opens by dialling « {self.code} »")
        else:
            self.pages.append(Page(turned.page, turned.ends, turned.trace.step, move))
        return turned

    def _enter(self, text: str) -> None:
        if self.phone.open is None:
            self._say("the call has ended; :redial calls again")
            return
        self._show(self._press(text))

    def _press(self, text: str) -> Turned:
        self.typed.append(text)
        written = self._stand_in(text)
        turned = self.phone.enter(text)
        move = Enter(written, NOWHERE, 0)
        self.pages.append(Page(turned.page, turned.ends, turned.trace.step, move))
        return turned

    def _stand_in(self, text: str) -> str:
        """What a scenario may hold instead of `text`: a secret never goes into a file."""
        trace = self.phone.open.trace if self.phone.open is not None else None
        step = self.program.steps.get(trace.step or "") if trace is not None else None
        if not isinstance(step, Ask) or step.type.base != "pin" or not text.isdigit():
            return text
        made_up = (_DIGITS * (len(text) // len(_DIGITS) + 1))[: len(text)]
        self.hidden.append(made_up)
        return made_up

    def _again(self, why: str) -> None:
        typed = list(self.typed)
        self._pick_up()
        self._say(why)
        turned = self._dial(None)
        for text in typed:
            if turned is None or turned.ends:
                break
            turned = self._press(text)
        self._show(turned)

    # ---- commands --------------------------------------------------------------------

    def _lang(self, code: str) -> None:
        if code not in self.program.site.offered:
            self._say(f"there is no language « {code} »: {', '.join(self.program.site.offered)}")
            return
        self.language = code
        self._again(f"in {self.program.site.languages[code].name}, the same keys")

    def _operator(self, name: str) -> None:
        for network, operator in self.program.site.operators.items():
            if name.lower() in (network, operator.name.lower()):
                self.network = self.phone.network = network
                self._say(f"{operator.name}: {operator.budget} {_unit(operator.encoding)} a page")
                return
        known = ", ".join(operator.name for operator in self.program.site.operators.values())
        self._say(f"there is no operator « {name} »: {known}")

    def _hang_up(self, _: str) -> None:
        self.phone.hang_up()
        self._say("the call is cut; :redial calls again")

    def _redial(self, wait: str) -> None:
        seconds = self._seconds(wait) if wait else 0
        self.phone.hang_up()
        self._show(self._dial(HangUp(seconds, NOWHERE, 0)))

    def _fail(self, words: str) -> None:
        operation, _, outcome = words.partition(" ")
        backend, _, short = operation.partition(".")
        there = self.program.site.backends.get(backend)
        if there is None or short not in there.operations or outcome not in list(Outcome):
            self._say(f":fail OPERATION OUTCOME, the outcome one of {', '.join(Outcome)}")
            return
        self.standins.fails[operation] = Outcome(outcome)
        self._say(f"from now on {operation} answers {outcome}")

    def _save(self, name: str) -> None:
        session = self.phone.conversation
        if not name or session is None:
            self._say(":save NAME, once something was played")
            return
        operators = self.program.site.operators
        operator = operators.get(self.network or "")
        sent = self.phone.effects
        recording = Recording(
            name=name,
            dial=self.code,
            phone=self.number,
            operator=operator.name if operator else None,
            language=session.language or self.program.site.source,
            answers=[
                (
                    called.request.operation,
                    called.answered.data
                    if called.answered.outcome is Outcome.OK
                    else called.answered.outcome.value,
                )
                for called in {one.request.operation: one for one in self.standins.called}.values()
            ],
            pages=self.pages,
            sms=[str(effect.body["message"]) for effect in sent if effect.kind == "sms"],
            callbacks=[str(effect.body["queue"]) for effect in sent if effect.kind == "callback"],
            hidden=self.hidden,
        )
        self._say(f"saved to {self.save(session.service, name, recording.write())}")

    def _help(self, _: str) -> None:
        self._say("\n".join(f"{usage:<26} {about}" for usage, about in HELP.items()))

    def _quit(self, _: str) -> None:
        raise Quit

    def _seconds(self, text: str) -> int:
        found = _DURATION.fullmatch(text)
        return int(found[1]) * _SECONDS[found[2]] if found else 0

    # ---- what is shown ---------------------------------------------------------------

    def _show(self, turned: Turned | None) -> None:
        if turned is None:
            return
        trace = turned.trace
        bearer = ussd.bearer(self.program, self.network)
        title = f"{bearer.operator or 'USSD'} {trace.units}/{trace.budget} {_unit(bearer.encoding)}"
        ended = "  the call has ended" if turned.ends else ""
        screen = Panel(
            Styled(turned.page), title=title, title_align="left", width=_WIDTH, box=box.ROUNDED
        )
        language = turned.session.language or self.program.site.source
        where = f"{language}  {trace.service}#{trace.part}  {trace.verb}"
        page = f"  page {trace.page + 1} of {trace.pages}" if trace.pages > 1 else ""
        lines = [f"{where}  {trace.place or ''}{page}{ended}"]
        lines += [f"{name} = {value!r}" for name, value in self._variables(turned).items()]
        lines += self._calls()
        lines += [_bubble(effect) for effect in turned.effects]
        self.console.print(screen)
        self._say("\n".join(lines))

    def _variables(self, turned: Turned) -> Mapping[str, object]:
        return {**turned.session.vars, **dict.fromkeys(turned.session.held, DOTS)}

    def _calls(self) -> list[str]:
        """What was called since the page before."""
        new = self.standins.called[self.told :]
        self.told = len(self.standins.called)
        return [f"call {one.request.operation} → {one.answered.outcome}" for one in new]

    def _say(self, text: str) -> None:
        self.console.print(Styled(text, style="dim"), soft_wrap=True)


HELP = {
    ":lang CODE": "the same keys in another language",
    ":op NAME": "another operator's screen",
    ":hangup": "lose the network",
    ":redial [10m]": "call again, after a while",
    ":fail OPERATION OUTCOME": "what a back end answers from now on",
    ":save NAME": "write what was played beside the service, as a scenario",
    ":quit": "",
}

_COMMANDS: Mapping[str, Callable[[Terminal, str], None]] = {
    "lang": Terminal._lang,
    "op": Terminal._operator,
    "hangup": Terminal._hang_up,
    "redial": Terminal._redial,
    "fail": Terminal._fail,
    "save": Terminal._save,
    "help": Terminal._help,
    "quit": Terminal._quit,
    "q": Terminal._quit,
}


def _unit(encoding: Encoding) -> str:
    return "septets" if encoding is Encoding.GSM7 else "UCS-2 units"


def _bubble(effect: Effect) -> str:
    if effect.kind != "sms":
        return f"{effect.kind} {effect.step}"
    text = str(effect.body["text"])
    cut = segment(text)
    return f"SMS to this phone, {len(cut.parts)} segment(s), {cut.encoding}: {text}"
