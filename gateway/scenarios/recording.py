"""A session of the terminal, written as a scenario that holds no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.engine import Open
from gateway.events import Effect, Outcome
from gateway.scenarios.notation import data, duration, entry, quoted, scalar
from gateway.scenarios.play import Page
from gateway.scenarios.scenario import ASK, PHONE, Enter, HangUp, Send, Wait
from gateway.scenarios.standin import Called

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_COLUMN = 6  # of the moves' keys
_TELLING = 4  # characters; what is shorter is found everywhere, and hides nothing


@dataclass(frozen=True, slots=True)
class Recorded:
    """One move (None: the first dialling), the page it led to, and what was called on the way.

    `secret`: it was typed where a secret was asked, or waited for.
    """

    move: Enter | HangUp | Send | Wait | None
    page: Page | None = None
    calls: tuple[Called, ...] = ()
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    service: str  # beside which it will stand
    dial: str | None  # None: the service's own start
    phone: str
    operator: str | None  # its name
    language: str | None  # remembered from before
    source: str
    at: datetime  # when it was dialled first, in the site's time zone
    moves: Sequence[Recorded]
    effects: Sequence[Effect]

    def write(self, name: str, salt: int = 0) -> str:
        """One item of a scenario file. Another `salt` gives other made-up secrets."""
        disguise = self._disguise(salt)
        answers, changed = self._answers()
        lines = [f"- test: {scalar(name)}"]
        lines += [f"  {key}: {value}" for key, value in self._about()]
        if answers:
            lines.append("  backends:")
            lines += [f"    {operation}: {answer}" for operation, answer in answers.items()]
        lines.append("  play:")
        for place, recorded in enumerate(self.moves):
            for operation, answer in changed.get(place, {}).items():
                lines += ["    - backends:", f"        {operation}: {answer}"]
            lines += [f"    - {line}" for line in _lines(recorded, disguise)]
        for key, kind, field in (("sms", "sms", "message"), ("callback", "callback", "queue")):
            sent = [str(effect.body[field]) for effect in self.effects if effect.kind == kind]
            if sent:
                lines.append(f"  {key}: {scalar(sent[0]) if len(sent) == 1 else data(sent)}")
        hidden = [made_up for made_up in disguise.values() if len(made_up) >= _TELLING]
        if hidden:
            lines.append(f"  hidden: {quoted(hidden[0]) if len(hidden) == 1 else data(hidden)}")
        return "\n".join(lines) + "\n"

    def _about(self) -> Iterator[tuple[str, str]]:
        if self.dial is not None:
            yield "dial", scalar(self.dial)
        if self.phone != PHONE:
            yield "phone", quoted(self.phone)
        if self.operator is not None:
            yield "operator", scalar(self.operator)
        first = self.moves[0].page if self.moves else None
        if self.language is None and first is not None and first.open is Open.LANGUAGE:
            yield "language", ASK
        elif self.language not in (None, self.source):
            yield "language", str(self.language)
        yield "at", quoted(f"{self.at:%Y-%m-%d %H:%M}")

    def _answers(self) -> tuple[dict[str, str], dict[int, dict[str, str]]]:
        """What back ends answered first, and before which move they changed to what."""
        first: dict[str, str] = {}
        changed: dict[int, dict[str, str]] = {}
        last: dict[str, str] = {}
        for place, recorded in enumerate(self.moves):
            for called in recorded.calls:
                operation, answer = called.request.operation, _answer(called)
                if operation not in last:
                    first[operation] = answer
                elif last[operation] != answer:
                    changed.setdefault(place, {})[operation] = answer
                last[operation] = answer
        return first, changed

    def _disguise(self, salt: int) -> dict[str, str]:
        """For every secret that was typed a made-up one of the same shape."""
        secrets = {
            recorded.move.text
            for recorded in self.moves
            if recorded.secret
            and isinstance(recorded.move, Enter | Send)
            and recorded.move.text.strip()
        }
        found: dict[str, str] = {}
        for secret in sorted(secrets):
            made_up = _made_up(secret, salt)
            while len(secret) >= _TELLING and (made_up in secrets or made_up in found.values()):
                salt += 1
                made_up = _made_up(secret, salt)
            found[secret] = made_up
        return found


def _answer(called: Called) -> str:
    answered = called.answered
    return data(answered.data) if answered.outcome is Outcome.OK else answered.outcome.value


def _lines(recorded: Recorded, disguise: Mapping[str, str]) -> Iterator[str]:
    match recorded.move:
        case Enter(text) | Send(text):
            if recorded.secret:
                text = disguise.get(text, text)
            for secret, made_up in disguise.items():
                if len(secret) >= _TELLING:  # it stays one where it was typed by mistake
                    text = text.replace(secret, made_up)
            key = "sms" if isinstance(recorded.move, Send) else "enter"
            yield f"{key}: {scalar(text)}" if text else f'{key}: ""'
        case HangUp(seconds):
            yield f"hang_up: {duration(seconds)}"
        case Wait(seconds):
            yield f"wait: {duration(seconds)}"
    if recorded.page is not None:
        key = "ends" if recorded.page.ends else "shows"
        yield entry(key, recorded.page.text, _COLUMN)


def _made_up(secret: str, salt: int) -> str:
    """Other digits for its digits, other letters for its letters, the rest as it is."""
    made = []
    for place, letter in enumerate(secret):
        shift = (salt + 1) * (2 * place + 3)
        if letter.isdecimal():
            made.append(str((int(letter) + 1 + shift % 9) % 10))
        elif letter.isalpha():
            made.append(_LETTERS[(_LETTERS.find(letter.casefold()) + 1 + shift % 25) % 26])
        else:
            made.append(letter)
    return "".join(made)
