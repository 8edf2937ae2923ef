"""A phone on the real engine, without network or Redis: what scenarios and the terminal drive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway import engine
from gateway.channels import sms, ussd
from gateway.events import (
    Bearer,
    CallRequest,
    Dial,
    Effect,
    Encoding,
    Replied,
    Scene,
    Texted,
    Typed,
)
from gateway.menu.program import Program

Answer = Callable[[CallRequest], Replied]

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
    open: engine.Turned | None = None  # what she may answer, None where nothing is open
    conversations: int = 0
    by_sms: bool = False  # it came as a text message

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

    def text(self, text: str) -> engine.Turned | str:
        """Sends a message to the short code; a stop, start-again or help word is told something,
        and leaves the conversation as it is."""
        meaning = sms.word(self.program, text)
        if meaning is not None:
            kept = self.conversation
            language = self.language if kept is None else kept.language or self.language
            to = self.program.site.sms.sender or ""
            return sms.reply(self.program, meaning, language=language, to=to)
        self.conversations += 1
        self.secrets = {}
        return self._turn(Texted(text, f"conversation-{self.conversations}"))

    def hang_up(self) -> None:
        self.open = None

    def bearer(self, turned: engine.Turned) -> Bearer:
        """What carried that page."""
        if not self.by_sms:
            return ussd.bearer(self.program, self.network)
        found = sms.bearers(self.program, self.network).values()
        return next(bearer for bearer in found if bearer.budget == turned.trace.budget)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def conversation(self) -> engine.Session | None:
        return None if self.session is None else engine.decode(self.session)

    def _turn(self, event: Dial | Typed | Texted) -> engine.Turned:
        self.by_sms = isinstance(event, Texted)
        bearers = sms.bearers(self.program, self.network) if self.by_sms else None
        scene = Scene(
            phone=self.number,
            bearer=(
                ussd.bearer(self.program, self.network)
                if bearers is None
                else bearers[Encoding.GSM7]
            ),
            bearers=bearers,
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
