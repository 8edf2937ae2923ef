"""What agencies are told of: an event by its line in the queue of hooks.

A line is `attempt id what at reason`: `what` is a message's state (a letter), or an event's own
name (`callback.done`); `at` in milliseconds. What is told holds neither number nor text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import msgspec

from gateway.errors import SealBroken
from gateway.messaging import letter
from gateway.store import STATES, Store


class Line(msgspec.Struct, frozen=True, gc=False):
    attempt: int
    id: str
    what: str
    at: str
    reason: str

    @classmethod
    def read(cls, payload: bytes) -> Line:
        attempt, *rest = payload.decode().split(" ")
        return cls(int(attempt), *rest)

    def again(self) -> bytes:
        """The line of the next attempt."""
        return f"{self.attempt + 1} {self.id} {self.what} {self.at} {self.reason}".encode()

    @property
    def event_id(self) -> str:
        """The same each time it is told."""
        return f"{self.id}.{self.what}"

    @property
    def moment(self) -> str:
        """RFC 3339."""
        return datetime.fromtimestamp(int(self.at) / 1000, UTC).isoformat(timespec="seconds")


class MessageEvent(msgspec.Struct):
    type: str
    id: str
    status: str
    reason: str
    at: str  # RFC 3339
    template: str
    reference: str
    attempts: int
    segments: int


class CallbackEvent(msgspec.Struct):
    type: str
    id: str
    at: str
    queue: str
    service: str
    due: str  # RFC 3339


class FeedbackEvent(msgspec.Struct):
    type: str
    id: str
    at: str
    service: str
    score: int


class Told(msgspec.Struct):
    """Whom an event is for, and its body."""

    agency: str
    body: bytes


async def told(store: Store, line: Line) -> Told | None:
    """None for what is gone, or of a later release."""
    kind, dot, _ = line.what.partition(".")
    if not dot:
        kind = "message"
    read = _KINDS.get(kind)
    found = None if read is None else await read(store, line)
    return None if found is None else Told(found[0], msgspec.json.encode(found[1]))


async def _message(store: Store, line: Line) -> tuple[str, MessageEvent] | None:
    record = await store.outbox.read(line.id)
    if record is None:
        return None
    state = STATES[line.what].value
    event = MessageEvent(
        type=f"message.{state}",
        id=line.id,
        status=state,
        reason=line.reason,
        at=line.moment,
        template=record.template,
        reference=_reference(record.body),
        attempts=record.attempts,
        segments=record.segments,
    )
    return record.agency, event


async def _callback(store: Store, line: Line) -> tuple[str, CallbackEvent] | None:
    record = await store.callbacks.read(line.id)
    if record is None:
        return None
    due = datetime.fromtimestamp(record.due, UTC).isoformat(timespec="seconds")
    event = CallbackEvent(line.what, line.id, line.moment, record.queue, record.service, due)
    return record.agency, event


async def _feedback(store: Store, line: Line) -> tuple[str, FeedbackEvent] | None:
    rating = await store.feedback.read(line.id)
    if rating is None:
        return None
    event = FeedbackEvent(line.what, line.id, line.moment, rating.service, rating.score)
    return rating.agency, event


def _reference(body: bytes | None) -> str:
    try:
        return "" if body is None else letter.decode(body).reference
    except SealBroken:
        return ""


_Event = MessageEvent | CallbackEvent | FeedbackEvent
_KINDS: Mapping[str, Callable[[Store, Line], Awaitable[tuple[str, _Event] | None]]] = {
    "message": _message,
    "callback": _callback,
    "feedback": _feedback,
}
