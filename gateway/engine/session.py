"""A conversation's state between two turns. It is written and read by the engine alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from gateway.errors import GatewayError


class Open(StrEnum):
    """What the last page asked."""

    STEP = "step"  # the step `at`
    SEARCH = "search"  # a list's letters, before its records
    COMMENT = "comment"  # a rate's comment, after its score
    LANGUAGE = "language"
    RESUME = "resume"
    ENDED = "ended"


class Visit(msgspec.Struct, array_like=True):
    """A screen that was answered: enough to show it again and forget what came after."""

    at: str  # step id
    frames: list[str]
    before: dict[str, Any]  # variables changed since it was shown, with their old value
    unset: list[str]  # variables first set since it was shown
    says: list[str]  # step ids of the texts shown above it


class Session(msgspec.Struct, array_like=True):
    """One citizen's conversation.

    `vars` never holds a secret: `held` names the pins given so far and the step of each
    question; their values travel apart (`Scene.secrets`, `Turned.secrets`).
    """

    conversation: str
    program: str  # hash of the version that it runs on
    code: str  # as dialled and matched: "*229*1#"
    service: str  # whose variables these are
    language: str | None
    at: str  # id of the open step
    open: Open
    seen: int  # seconds since the epoch, of the last turn
    last: str = ""  # the page that she saw last
    page: int = 0  # of several, from 0
    frames: list[str] = []  # ids of the `do` steps to come back to, innermost last
    vars: dict[str, Any] = {}
    history: list[Visit] = []
    says: list[str] = []  # step ids of the texts above the open screen
    error: str | None = None  # key of the sentence above or in place of the question
    settled: dict[str, int] = {}  # step id → how often its effect was settled
    held: dict[str, str] = {}  # secret variable → id of the step that asked it
    proven: list[str] = []  # variables whose answer came from a call given `phone` or a secret
    found: str = ""  # letters of the open list's search
    score: int = 0  # of the open rate, while its comment is asked
    waiting: list[str] = []  # a dialled suffix kept for after the language question
    resume: Open | None = None  # what was open when the resume question was put
    first: bool = True  # nothing was answered yet: neither back nor home is shown


class SessionUnreadable(GatewayError):
    code = "session-unreadable"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Session)


def encode(session: Session) -> bytes:
    """msgpack, array-like. A new field goes to the end, with a default."""
    return _encoder.encode(session)


def decode(body: bytes) -> Session:
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise SessionUnreadable(f"a session of another format: {error}") from error
