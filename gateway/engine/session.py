"""A conversation's state between two turns. It is written and read by the engine alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from gateway.errors import SessionUnreadable
from gateway.events import Channel

Variables = dict[str, Any]
"""Answers (strings and integers) and what back ends gave (their JSON types), by name."""


class Open(StrEnum):
    """What the last page asked."""

    STEP = "step"  # the step `at`
    SEARCH = "search"  # a list's letters, before its records
    COMMENT = "comment"  # a rate's comment, after its score
    THANKS = "thanks"  # a rate's last page
    LANGUAGE = "language"
    WAIT = "wait"  # whether to go on waiting for the back end of the step `at`
    RESUME = "resume"
    ENDED = "ended"


class Held(msgspec.Struct, array_like=True, frozen=True):
    """Where a secret was asked. `spent`: the call that takes it has settled, it is deleted."""

    at: str
    frames: list[str]
    spent: bool = False


class Visit(msgspec.Struct, array_like=True):
    """A screen that was answered: enough to show it again and forget what came after."""

    at: str  # step id; "" the language question that no step asked
    open: Open
    service: str  # whose variables there were
    frames: list[str]
    found: str
    proven: list[str]
    held: dict[str, Held]
    before: Variables = {}  # variables changed since it was shown, with their old value
    unset: list[str] = []  # variables first set since it was shown


class Cut(msgspec.Struct, array_like=True, frozen=True):
    """What was open when the line broke, while she is asked whether to go on."""

    open: Open
    page: int
    error: str | None
    says: list[str]
    conversation: str  # the id and the code of a new one, if she starts anew
    code: str
    channel: Channel = Channel.USSD  # that `page` is one of
    entry: str = ""  # the service that a keyword named, to start anew with
    inputs: list[str] = []  # the answers behind that keyword


class Pending(msgspec.Struct, array_like=True, frozen=True):
    """Where she was when a secret was lost that must be asked again."""

    at: str
    open: Open
    frames: list[str]
    found: str


class Session(msgspec.Struct, array_like=True):
    """One citizen's conversation.

    `vars` never holds a secret: `held` names the pins given so far and their questions; the
    values travel apart (`Scene.secrets`, `Turned.secrets`).
    """

    conversation: str
    program: str  # hash of the version that it runs on
    code: str  # as dialled and matched: "*229*1#"
    service: str  # whose variables these are
    language: str | None
    open: Open
    seen: int  # seconds since the epoch, of the last turn
    at: str = ""  # id of the open step
    part: str = ""  # "service#part" of the open step
    last: str = ""  # the page that she saw last
    page: int = 0  # of several, from 0
    frames: list[str] = []  # ids of the `do` steps to come back to, innermost last
    vars: Variables = {}
    history: list[Visit] = []
    says: list[str] = []  # texts above the open screen, not yet fitted to a bearer
    error: str | None = None  # key of the sentence above, or in place of, the question
    settled: dict[str, int] = {}  # step id → how often its effect was settled
    unsure: dict[str, bytes] = {}  # step id → digest of what an `unavailable` call was given
    held: dict[str, Held] = {}  # secret variable → its question
    proven: list[str] = []  # variables whose answer came from a call given `phone` or a secret
    found: str = ""  # letters of the open list's search
    score: int = 0  # of the open rate, while its comment is asked
    waiting: list[str] = []  # a dialled suffix kept for after the language question
    cut: Cut | None = None
    pending: Pending | None = None
    fresh: bool = True  # nothing is settled and no screen forgotten since its first one
    shown: Channel = Channel.USSD  # where she saw `last`
    entry: str = ""  # the service that a keyword named, kept for after the language question
    typed: str = ""  # the answer that the back end of an open wait judges; no secret

    @property
    def first(self) -> bool:
        """Nothing was answered yet: neither back nor home is shown, nothing is resumed."""
        return self.fresh and not self.history


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Session)


def encode(session: Session) -> bytes:
    """msgpack, array-like. A new field goes to the end, with a default."""
    return _encoder.encode(session)


def decode(body: bytes) -> Session:
    """Raises SessionUnreadable: another format, or not a session."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, ValueError) as error:
        raise SessionUnreadable("a session of another format") from error
