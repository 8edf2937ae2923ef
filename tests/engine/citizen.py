"""A citizen with a phone on the engine, and the back ends that answer her: no network, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.channels import sms
from gateway.channels.ussd import bearer, dialled
from gateway.engine import Event, Session, Turned, decode, drive, encode, resumes, turn
from gateway.events import (
    Answered,
    Arrived,
    CallRequest,
    Delayed,
    Dial,
    Encoding,
    Outcome,
    Replied,
    Scene,
    Texted,
    Typed,
)
from gateway.menu import load
from gateway.menu.program import Program

PHONE = "+2290197000001"
TODAY = date(2026, 3, 1)

SITE = """\
source: fr
country: BJ
timezone: Africa/Porto-Novo
languages:
  fr: Français
agencies:
  mairie: { name: Mairie }
codes:
  "*229#": essai
"""


def build(files: Mapping[str, str], *, drafts: bool = True, checked: bool = True) -> Program:
    """Load menus from texts by file name; `site.yaml` may be left out.

    Nothing may be wrong with them, unless it does not matter that they are `checked`.
    """
    with TemporaryDirectory() as folder:
        for name, text in {"menus/site.yaml": SITE, **_placed(files)}.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        menus, locales = Path(folder, "menus"), Path(folder, "locales")
        return load_folder(menus, locales, drafts=drafts, checked=checked)


def _placed(files: Mapping[str, str]) -> Mapping[str, str]:
    return {
        name if name.startswith("locales/") else f"menus/{name}": text
        for name, text in files.items()
    }


def load_folder(
    menus: Path, locales: Path, *, drafts: bool = True, checked: bool = True
) -> Program:
    loaded = load(menus, [locales] if locales.is_dir() else [], drafts=drafts)
    if not checked and loaded.compiled is not None:
        return loaded.compiled
    wrong = [f"{found.place} {found.code}: {found.message}" for found in loaded.findings]
    assert loaded.program is not None, wrong
    return loaded.program


def personal(session: Session) -> str:
    """All of a session but what names steps and versions, where four digits may stand by chance."""
    visits = [[visit.before, visit.found] for visit in session.history]
    cut = session.cut.says if session.cut else []
    said = [session.says, session.last, session.found, session.waiting, session.error]
    return repr([session.vars, visits, cut, said, list(session.unsure.values())])


@dataclass
class Citizen:
    """Everything the engine hands over is written down and read again between two turns.

    `answers` are what back ends say, by operation: an outcome's name, « slow » or « lost » for
    what is waited for, else data; a list that begins with « in turn » is used up.
    """

    program: Program
    answers: dict[str, object] = field(default_factory=dict)
    network: str | None = None
    language: str | None = None
    phone: str = PHONE
    today: date = TODAY
    now: int = 1_772_366_400
    stored: bytes | None = None
    secrets: dict[str, str] = field(default_factory=dict)
    calls: list[CallRequest] = field(default_factory=list)
    dialling: int = 0
    turned: Turned | None = None

    @property
    def session(self) -> Session:
        assert self.stored is not None
        return decode(self.stored)

    @property
    def page(self) -> str:
        assert self.turned is not None
        return self.turned.page

    def dial(self, code: str) -> str:
        found = dialled(self.program, code)
        assert found is not None, f"{code} is not in service"
        self.dialling += 1
        self.secrets = {}  # they were sealed under the call that is over
        return self._turn(Dial(found.code, f"conversation-{self.dialling}", found.suffix))

    def type(self, *texts: str) -> str:
        for text in texts:
            self._turn(Typed(text))
        return self.page

    def text(self, text: str) -> str:
        """Send a message to the short code. The call, if there was one, is over."""
        self.dialling += 1
        self.secrets = {}
        return self._turn(Texted(text, f"conversation-{self.dialling}"))

    def arrives(self) -> str:
        """What she waits for is there: the conversation goes on by itself, by SMS."""
        self.secrets = {}
        return self._turn(Arrived())

    def resumes(self, code: str = "*229#") -> bool:
        event = Dial(code, "conversation-x")
        return resumes(self.program, self.session, event, self._scene())

    def _scene(self, *, by_sms: bool = False) -> Scene:
        bearers = sms.bearers(self.program, self.network) if by_sms else None
        return Scene(
            phone=self.phone,
            bearer=bearers[Encoding.GSM7] if bearers else bearer(self.program, self.network),
            bearers=bearers,
            now=self.now,
            today=self.today,
            language=self.language,
            secrets=dict(self.secrets),
        )

    def _turn(self, event: Event) -> str:
        self.calls = []
        session = None if self.stored is None else decode(self.stored)
        scene = self._scene(by_sms=isinstance(event, Texted | Arrived))
        turned = drive(turn(self.program, session, event, scene), self._answer)
        assert turned.trace.units <= turned.trace.budget, "a page over its budget"
        self.turned = turned
        self.stored = encode(turned.session)
        for secret in turned.secrets.values():
            assert secret not in personal(turned.session), "a secret in the session"
            assert secret not in turned.page, "a secret on a page"
            assert secret not in repr(turned.effects), "a secret in an effect"
        self.secrets = dict(turned.secrets)
        self.language = turned.language or self.language
        return turned.page

    def _answer(self, request: CallRequest) -> Replied:
        self.calls.append(request)
        answer = self.answer_of(request)
        if answer in ("slow", "lost"):
            return Delayed(lost=answer == "lost")
        if isinstance(answer, str) and answer in list(Outcome):
            return Answered(Outcome(answer))
        return Answered(Outcome.OK, answer)  # type: ignore[arg-type]  # what YAML holds is JSON

    def answer_of(self, request: CallRequest) -> object:
        answer = self.answers[request.operation]
        if isinstance(answer, Sequence) and answer and answer[0] == "in turn":
            _, answer, *rest = answer
            self.answers[request.operation] = ["in turn", *rest] if rest else answer
        return answer
