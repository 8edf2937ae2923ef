"""Citizens who want to be called back: who waits, who calls, how it ended.

A call-back lives in its citizen's shard, sealed like a session; what staff sort it by (queue,
state, agency, times) lies in clear. Each change is one function on the server, so two members of
staff never take the same one. Whoever changes something is an `Actor`, and is written down.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from gateway.events import CallbackState
from gateway.messaging.orders import Order
from gateway.store import Kept, Store

TRIES = 3  # calls that nobody answers, before she is told by SMS
MOST = 50  # of one page of a list


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who does something: `staff:anne`, or a key of an agency's, `key:abcdefghijklm`."""

    name: str


class Note(msgspec.Struct, array_like=True, frozen=True):
    by: str
    at: int  # seconds since the epoch
    text: str

    def __repr__(self) -> str:
        return "Note()"


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A request to be called back. Times are in seconds since the epoch.

    `details` are what the menu sent `with` it, in the menu's own words where it has some, numbers
    masked; `phone` is masked too. Only `number` tells it in clear, to who took it.
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
    """What the state of a call-back does not allow. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code  # "taken-by-other", "not-taken", "ended"


async def ask(store: Store, shard: int, kept: Kept, order: Order) -> None:
    """Puts a citizen's request into its queue. Done twice it is the same; where she has an open
    one in this queue already, that one takes over the new details and stays in its place."""
    raise NotImplementedError


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
    (one call lists either open or ended ones). None as a filter lets all through."""
    raise NotImplementedError


async def counts(store: Store, queues: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Of each queue: how many wait, how many are taken, how many are past their promise."""
    raise NotImplementedError


async def read(store: Store, callback_id: str) -> Callback | None:
    raise NotImplementedError


async def take(store: Store, callback_id: str, by: Actor) -> Callback:
    """From now on it is hers to call. Raises NotPossible; taking it again changes nothing."""
    raise NotImplementedError


async def number(store: Store, callback_id: str, by: Actor) -> str:
    """The number to call, E.164: written down (audit) each time. Raises NotPossible unless `by`
    holds it."""
    raise NotImplementedError


async def give_back(store: Store, callback_id: str, by: Actor) -> Callback:
    """It waits again, in its old place."""
    raise NotImplementedError


async def done(store: Store, callback_id: str, by: Actor, note: str = "") -> Callback:
    raise NotImplementedError


async def unreachable(store: Store, callback_id: str, by: Actor, note: str = "") -> Callback:
    """Nobody answered. It waits again, until the last of TRIES: then it ends, and she is told by
    SMS in her language."""
    raise NotImplementedError


async def annotate(store: Store, callback_id: str, by: Actor, text: str) -> Callback:
    raise NotImplementedError
