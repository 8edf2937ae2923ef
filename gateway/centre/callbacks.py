"""Citizens who want to be called back: who waits, who calls, how it ended.

A call-back lives in its citizen's shard, sealed like a session; what staff sort it by (queue,
state, agency, times) lies in clear. Whoever changes something is an `Actor`, and is written down:
in the request's own history, and in the audit.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection

import msgspec

from gateway.events import CallbackState
from gateway.store import CallbackRecord, Store, Wanted
from gateway.text.msisdn import mask

TRIES = 3  # calls that nobody answers, before she is told by SMS
MOST = 50  # of one page of a list
LONGEST_NOTE = 1000  # characters

_NUMBER = re.compile(r"\+[0-9]{6,15}")
OPEN = frozenset({CallbackState.WAITING, CallbackState.TAKEN})


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who does something: `staff:anne`, or an agency's key, `key:abcdefghijklm`."""

    name: str


class Note(msgspec.Struct, array_like=True, frozen=True):
    """A line of a request's history. `what` is a stable code: asked-again, taken, given-back,
    tried, done, unreachable, note."""

    by: str
    at: int  # seconds since the epoch
    what: str
    text: str = ""

    def __repr__(self) -> str:
        return f"Note({self.what})"


class Body(msgspec.Struct, array_like=True):
    """What is sealed of a request. A new field goes to the end, with a default."""

    phone: str  # canonical E.164
    details: list[tuple[str, str]]  # what the menu sent along: name, and its words
    notes: list[Note] = []
    orders: list[bytes] = []  # those of hers that are already in here

    def __repr__(self) -> str:
        return "Body()"  # nothing of hers gets into a log


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A request to be called back. Times are in seconds since the epoch.

    `details` are what the menu sent along, in the menu's own words where it has some; numbers in
    them are masked, and so is `phone`. Only `number` tells it in clear, to who took it.
    """

    id: str
    state: CallbackState
    queue: str
    agency: str
    service: str
    language: str
    details: tuple[tuple[str, str], ...]  # name, and words in the source language
    asked: int
    due: int  # when the promise made to her is broken
    tries: int
    holder: str  # the Actor who took it, "" for nobody
    changed: int  # when the state last changed
    phone: str
    notes: tuple[Note, ...]
    test: bool  # of a number reserved for tests

    def __repr__(self) -> str:
        return f"Callback({self.id}, {self.state})"


class Page(msgspec.Struct, frozen=True):
    """`next` is given as `after` for the rest; "" where there is no more."""

    callbacks: list[Callback]
    next: str


class NotPossible(Exception):
    """What the state of a call-back does not allow. `code` is stable: unknown, taken-by-other,
    not-taken, ended."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Changed(msgspec.Struct, frozen=True):
    """What a request is to become."""

    state: CallbackState
    what: str
    holder: str = ""
    tries: int | None = None
    text: str = ""


Decide = Callable[[CallbackRecord], Changed | None]
"""What is done with a request as it is now, None for nothing. Raises NotPossible."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Body)


def sealed(body: Body) -> bytes:
    return _encoder.encode(body)


def opened(record: CallbackRecord) -> Body:
    """Empty where no key opens it any more: that it was asked for is still known."""
    try:
        return Body("", []) if record.body is None else _decoder.decode(record.body)
    except msgspec.DecodeError:
        return Body("", [])


# ---- reading -------------------------------------------------------------------------


async def listed(
    store: Store,
    *,
    states: Collection[CallbackState],
    queues: Collection[str] | None = None,
    agency: str | None = None,
    test: bool | None = None,
    after: str = "",
    most: int = MOST,
) -> Page:
    """Of all shards. Open ones by their due time, the most urgent first; ended ones newest first
    (one call lists either open or ended ones). None as a filter lets all through. Raises
    ValueError for an `after` that is none."""
    wanted = Wanted(queues=queues, agency=agency, test=test)
    kept: list[Callback] = []
    while True:
        found = await store.callbacks.listed(states, wanted, after, most - len(kept))
        records = [await store.callbacks.read(one) for one in found.ids]
        kept += [_shown(r) for r in records if r is not None and r.state in states]
        after = found.next
        if not after or len(kept) == most:
            return Page(kept, after)


async def read(store: Store, callback_id: str) -> Callback | None:
    record = await store.callbacks.read(callback_id)
    return None if record is None else _shown(record)


async def number(store: Store, callback_id: str, by: Actor) -> str:
    """The number to call, E.164: the one that she asked to be called on, else her own. It is
    written down (audit) each time. Raises NotPossible unless `by` holds it."""
    record = await store.callbacks.read(callback_id)
    if record is None:
        raise NotPossible("unknown")
    _held(record, by)
    body = opened(record)
    await store.audit.write(by.name, "number-shown", callback_id)
    other = next((words for _, words in body.details if _NUMBER.fullmatch(words)), None)
    return other or body.phone


# ---- changing ------------------------------------------------------------------------


async def take(store: Store, callback_id: str, by: Actor, note: str = "") -> Callback:
    """From now on it is theirs to call. Raises NotPossible; taking it again changes nothing."""

    def decide(record: CallbackRecord) -> Changed | None:
        if record.state is CallbackState.TAKEN:
            _held(record, by)
            return None
        _open(record)
        return Changed(CallbackState.TAKEN, "taken", holder=by.name, text=note)

    return await _change(store, callback_id, by, decide)


async def give_back(store: Store, callback_id: str, by: Actor, note: str = "") -> Callback:
    """It waits again, in its old place. Raises NotPossible."""

    def decide(record: CallbackRecord) -> Changed | None:
        if record.state is CallbackState.WAITING:
            return None
        _held(record, by)
        return Changed(CallbackState.WAITING, "given-back", text=note)

    return await _change(store, callback_id, by, decide)


async def done(store: Store, callback_id: str, by: Actor, note: str = "") -> Callback:
    """Raises NotPossible; said again by who ended it, it changes nothing."""

    def decide(record: CallbackRecord) -> Changed | None:
        if record.state is CallbackState.DONE and record.holder == by.name:
            return None
        _held(record, by)
        return Changed(CallbackState.DONE, "done", holder=by.name, text=note)

    return await _change(store, callback_id, by, decide)


async def unreachable(store: Store, callback_id: str, by: Actor, note: str = "") -> Callback:
    """Nobody answered. It waits again until the last of TRIES, which ends it: then a worker tells
    her by SMS (`gateway.centre.missed`). Raises NotPossible."""

    def decide(record: CallbackRecord) -> Changed | None:
        if record.state is CallbackState.UNREACHABLE and record.holder == by.name:
            return None
        _held(record, by)
        tries = record.tries + 1
        if tries < TRIES:
            return Changed(CallbackState.WAITING, "tried", tries=tries, text=note)
        final = CallbackState.UNREACHABLE
        return Changed(final, "unreachable", holder=by.name, tries=tries, text=note)

    return await _change(store, callback_id, by, decide)


async def annotate(store: Store, callback_id: str, by: Actor, text: str) -> Callback:
    """A note in its history, whoever holds it and even after its end."""

    def decide(record: CallbackRecord) -> Changed | None:
        return Changed(record.state, "note", holder=record.holder, text=text)

    return await _change(store, callback_id, by, decide)


async def amend(store: Store, record: CallbackRecord, body: Body) -> bool:
    """What she asked for in an open request is replaced. False where it was changed meanwhile."""
    return await store.callbacks.change(
        record, record.state, body=sealed(body), holder=record.holder
    )


async def _change(store: Store, callback_id: str, by: Actor, decide: Decide) -> Callback:
    while True:
        record = await store.callbacks.read(callback_id)
        if record is None:
            raise NotPossible("unknown")
        changed = decide(record)
        if changed is None:
            return _shown(record)
        body = opened(record)
        note = Note(by.name, int(time.time()), changed.what, changed.text[:LONGEST_NOTE])
        body.notes.append(note)
        written = await store.callbacks.change(
            record,
            changed.state,
            body=sealed(body) if body.phone else None,  # what no key opens stays as it is
            holder=changed.holder,
            tries=changed.tries,
        )
        if written:
            await store.audit.write(by.name, changed.what, callback_id)
            return _shown(await store.callbacks.read(callback_id) or record)


def _open(record: CallbackRecord) -> None:
    if record.state not in OPEN:
        raise NotPossible("ended")


def _held(record: CallbackRecord, by: Actor) -> None:
    _open(record)
    if record.state is CallbackState.WAITING:
        raise NotPossible("not-taken")
    if record.holder != by.name:
        raise NotPossible("taken-by-other")


def _shown(record: CallbackRecord) -> Callback:
    body = opened(record)
    return Callback(
        id=record.id,
        state=record.state,
        queue=record.queue,
        agency=record.agency,
        service=record.service,
        language=record.language,
        details=tuple((name, _masked(words)) for name, words in body.details),
        asked=record.at,
        due=record.due,
        tries=record.tries,
        holder=record.holder,
        changed=record.changed,
        phone=_masked(body.phone),
        notes=tuple(body.notes),
        test=record.test,
    )


def _masked(words: str) -> str:
    return mask(words) if _NUMBER.fullmatch(words) else words
