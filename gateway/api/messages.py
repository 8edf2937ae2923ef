"""`/v1/messages`: what is sent, read, found and cancelled."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.api.keys import Key
from gateway.api.problems import FieldFault, Refusal
from gateway.errors import MessageRefused, SealBroken
from gateway.events import MessageState
from gateway.menu.program import Program
from gateway.messaging import letter
from gateway.messaging.acceptance import KeyKind, Prepared, Wanted, accept, prepare
from gateway.store import Record, Store
from gateway.text.msisdn import mask

Moment = Annotated[datetime, Meta(tz=True)]
Value = Annotated[str, Meta(max_length=1000)] | int | float | bool | None


class Sending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message to one citizen."""

    template: Annotated[str, Meta(min_length=1, max_length=100)]
    to: Annotated[str, Meta(min_length=3, max_length=40)]
    data: Annotated[dict[str, Value], Meta(max_length=50)] = {}
    language: Annotated[str, Meta(min_length=2, max_length=12)] | None = None
    reference: Annotated[str, Meta(max_length=100)] = ""
    send_after: Moment | None = None
    valid_until: Moment | None = None

    def __repr__(self) -> str:
        return "Sending()"


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`to` is there where digits were added to the number that was given; `reason` where the
    message is suppressed: she wants none (`opted-out`), or it is one too many (`duplicate`)."""

    id: str
    status: MessageState
    segments: int
    language: str
    to: str | None = None
    reason: str | None = None


class Event(msgspec.Struct, frozen=True):
    status: MessageState
    at: Moment
    reason: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A message and what became of it. `to` is masked; it, `text` and `reference` are null once
    they are no longer kept."""

    id: str
    status: MessageState
    history: list[Event]
    attempts: int
    segments: int
    template: str
    version: str
    test: bool
    valid_until: Moment
    to: str | None = None
    text: str | None = None
    reference: str | None = None


class Found(msgspec.Struct, frozen=True):
    messages: list[Shown]


MOST = 50  # messages of one reference, newest first
_LOOKED_AT = 200  # of both tests and what was sent in earnest, to find so many


async def send(
    store: Store, program: Program, key: Key, body: Sending, idempotency: str | None
) -> tuple[bytes, bool]:
    """The answer, and whether it is that of an earlier request."""
    same = msgspec.json.encode((key.kind, body), order="sorted")
    if idempotency is not None:
        known = await store.requests.known(key.agency, idempotency, same)
        if known is not None and (known.other or known.answer is not None):
            return _again(known.other, known.answer)
    identity = ("key", idempotency, same) if idempotency else ("once", secrets.token_bytes(16))
    prepared = await _prepared(store, program, key, body, identity)
    if idempotency is not None:
        claimed = await store.requests.claim(key.agency, idempotency, same)
        if claimed.other or claimed.answer is not None:
            return _again(claimed.other, claimed.answer)
    state = await accept(store, prepared, body.reference)
    taken = Taken(
        id=prepared.draft.id,
        status=state,
        segments=prepared.draft.segments,
        language=prepared.language,
        to=prepared.rewritten,
        reason=await _why(store, prepared.draft.id) if state is _SUPPRESSED else None,
    )
    answer = msgspec.json.encode(taken)
    if idempotency is not None:
        await store.requests.answered(key.agency, idempotency, same, answer)
    return answer, False


_SUPPRESSED = MessageState.SUPPRESSED


async def _why(store: Store, message_id: str) -> str | None:
    record = await store.outbox.read(message_id)
    return None if record is None else record.history[-1].reason


def _again(other: bool, answer: bytes | None) -> tuple[bytes, bool]:
    if other or answer is None:
        title = "this Idempotency-Key was used with another body"
        raise Refusal(409, "idempotency-key-reused", title)
    return answer, True


async def _prepared(
    store: Store, program: Program, key: Key, body: Sending, identity: tuple[bytes | str, ...]
) -> Prepared:
    wanted = Wanted(
        template=body.template,
        to=body.to,
        data=body.data,
        language=body.language,
        reference=body.reference,
        send_after=body.send_after,
        valid_until=body.valid_until,
    )
    team = frozenset(key.team)
    try:
        return await prepare(store, program, key.agency, wanted, key.kind, *identity, team=team)
    except MessageRefused as refused:
        errors = tuple(FieldFault(*fault) for fault in refused.faults)
        raise Refusal(422, refused.code, "the message is not accepted", errors=errors) from None


async def read(store: Store, key: Key, message_id: str) -> Shown:
    return _shown(await _own(store, key, message_id))


async def find(store: Store, key: Key, reference: str) -> Found:
    found: list[Shown] = []
    for message_id in await store.requests.filed(key.agency, reference, _LOOKED_AT):
        record = await store.outbox.read(message_id)
        if record is not None and _may_see(key, record):
            found.append(_shown(record))
        if len(found) == MOST:
            break
    return Found(found)


async def cancel(store: Store, key: Key, message_id: str) -> Shown:
    """409 where it was already sent, or has ended otherwise."""
    await _own(store, key, message_id)
    state = await store.outbox.cancel(message_id, key.agency)
    if state is not MessageState.CANCELLED:
        raise Refusal(409, "not-cancellable", "the message can no longer be cancelled")
    return await read(store, key, message_id)


async def _own(store: Store, key: Key, message_id: str) -> Record:
    """404 for what is not there, and for what is not theirs: nobody can tell which."""
    record = await store.outbox.read(message_id)
    if record is None or not _may_see(key, record):
        raise Refusal(404, "not-found", "there is no such message")
    return record


def _may_see(key: Key, record: Record) -> bool:
    return record.agency == key.agency and record.test == (key.kind is KeyKind.TEST)


def _shown(record: Record) -> Shown:
    kept: Mapping[str, str] = {}
    if record.body is not None:
        try:
            opened = letter.decode(record.body)
            kept = {"to": mask(opened.to), "text": opened.text, "reference": opened.reference}
        except SealBroken:
            pass  # of another release: shown as what is no longer kept
    return Shown(
        id=record.id,
        status=record.state,
        history=[Event(e.state, _moment(e.at), e.reason) for e in record.history],
        attempts=record.attempts,
        segments=record.segments,
        template=record.template,
        version=record.version,
        test=record.test,
        valid_until=_moment(record.until / 1000),
        **kept,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
