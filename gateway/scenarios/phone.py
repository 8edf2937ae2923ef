"""A phone on the real engine, without network or Redis: what scenarios and the terminal drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway import engine
from gateway.channels import ussd
from gateway.events import Answered, CallRequest, Dial, Effect, Scene, Typed
from gateway.menu.program import Program

Answer = Callable[[CallRequest], Answered]

_DOOR = "000"  # segment that opens a service without a code; operators give out no such code


def door(program: Program, service: str) -> tuple[str, Program]:
    """What to dial for the start of `service`, and a program in which that opens it."""
    own = [code for code, opened in program.site.codes.items() if opened == service]
    if own:
        return min(own, key=len), program
    codes = {**program.codes, (_DOOR,): service}
    return f"*{_DOOR}#", replace(program, codes=codes)


@dataclass(slots=True)
class Phone:
    """One citizen. The session is written and read again between all turns, as the store does.

    `now` moves only by `wait` unless somebody sets it.
    """

    program: Program
    number: str
    network: str | None
    now: datetime
    answer: Answer
    language: str | None = None  # remembered from earlier conversations
    session: bytes | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    open: engine.Turned | None = None  # what the phone shows, None where no call is open
    conversations: int = 0

    def dial(self, code: str) -> engine.Turned | None:
        """Opens a call. None where the site has no such code."""
        found = ussd.dialled(self.program, code)
        if found is None:
            return None
        self.conversations += 1
        self.secrets = {}  # sealed under the call that was cut
        return self._turn(Dial(found.code, f"conversation-{self.conversations}", found.suffix))

    def enter(self, text: str) -> engine.Turned:
        return self._turn(Typed(text))

    def hang_up(self) -> None:
        self.open = None

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def conversation(self) -> engine.Session | None:
        return None if self.session is None else engine.decode(self.session)

    def _turn(self, event: Dial | Typed) -> engine.Turned:
        scene = Scene(
            phone=self.number,
            bearer=ussd.bearer(self.program, self.network),
            now=int(self.now.timestamp()),
            today=self.now.astimezone(ZoneInfo(self.program.site.timezone)).date(),
            language=self.language,
            secrets=self.secrets,
        )
        turned = engine.drive(
            engine.turn(self.program, self.conversation, event, scene), self.answer
        )
        self.session = engine.encode(turned.session)
        self.secrets = turned.secrets
        self.effects += turned.effects
        self.language = turned.language or self.language
        self.open = None if turned.ends else turned
        return turned
