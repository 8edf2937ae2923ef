"""Conversations in Redis: one step of each at a time, each request answered once.

`load` and `save` are one function call each, and all that a step costs. Between them the
conversation is claimed by a random word and for a lease; who has lost the claim cannot save.
This room does not read what it keeps: it takes and gives bytes, sealed on their way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import msgspec

from gateway.errors import ClaimLost, SealBroken, StoreError
from gateway.store.connection import Argument, Reply
from gateway.store.fence import Durability
from gateway.store.keys import DIGEST, Citizen, Names
from gateway.store.library import LOAD, RELEASE, SAVE
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Aside, Nodes
from gateway.store.seal import Seal
from gateway.store.traces import bound_to

_FORMAT = b"\x01"
_HEADER = 35  # bytes; functions.lua draws it
_CLAIM = 8
_NO_LEASE = bytes(6)
_NO_WINDOWS: Mapping[str, float] = MappingProxyType({})


class State(StrEnum):
    """How a request finds its conversation."""

    FRESH = "fresh"  # there is none; claimed
    OPEN = "open"  # there is one; claimed
    REPEAT = "repeat"  # this very request was the last one answered; not claimed
    BUSY = "busy"  # another request is being worked on; not claimed
    DONE = "done"  # this message was answered before its conversation went on; not claimed


class Loaded(msgspec.Struct, frozen=True, gc=False):
    """What `load` found. `claim` is given back to `save` or `release` as it is.

    `broken` says that there was a conversation which cannot be opened any more (its key was
    taken out of GATEWAY_SECRET_KEYS, or it was tampered with): it begins anew. `counts` are how
    many steps were claimed within each of the windows that were asked for, this one included.
    """

    state: State
    body: bytes | None = None
    secrets: bytes | None = None
    language: str | None = None
    claim: bytes | None = None
    broken: bool = False
    counts: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"Loaded({self.state.name})"  # what is in clear here stays out of logs


# Looked up once: Python 3.11 is slow with members of an enum.
_BUSY: Final = State.BUSY
_FRESH: Final = State.FRESH
_REPEAT: Final = State.REPEAT
_DONE: Final = State.DONE

_STATES = {state.value.encode(): state for state in State}


class Sessions:
    """The conversations of all citizens."""

    def __init__(
        self,
        nodes: Nodes,
        names: Names,
        seal: Seal,
        *,
        durability: Durability,
        lifetimes: Lifetimes,
    ) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._language_life = _ms(lifetimes.language)
        self._effects_life = lifetimes.effects
        self._stream_life = _ms(lifetimes.stream)
        self._durability = durability
        self._giving_up: set[asyncio.Task[None]] = set()

    async def load(
        self,
        citizen: Citizen,
        request: bytes,
        *,
        lease: float,
        material: bytes = b"",
        mark: bytes | None = None,
        windows: Mapping[str, float] = _NO_WINDOWS,
    ) -> Loaded:
        """Reads a citizen's conversation and claims its next step for `lease` seconds.

        `request` is the keyed hash (16 bytes) of what came in; `material` is what her pins were
        sealed under besides the keys, without which `secrets` stays None. On BUSY the caller
        waits a little and asks again, until it is REPEAT or its turn. With a `mark` that `save`
        was given before, it is DONE; `windows` (with a `mark` only) are named, and seconds long.
        Raises StoreUnavailable; SealBroken for a repeat that cannot be opened.
        """
        if len(request) != DIGEST:
            raise ValueError(f"request is a keyed hash of {DIGEST} bytes")
        keys: Sequence[str] = self._names.conversation(citizen)
        if mark is not None:
            names = self._names
            tallies = (names.tally(citizen, window) for window in windows)
            keys = (*keys, names.effect(citizen.shard, mark), *tallies)
        word = os.urandom(_CLAIM)
        try:
            found = await self._nodes.call(
                citizen.shard,
                LOAD,
                keys,
                (request, word, _ms(lease), self._language_life, *map(_ms, windows.values())),
                again=True,
            )
        except asyncio.CancelledError:
            # It may be under way: then the claim is taken, by nobody. The same connection
            # brings this after it, so that the citizen need not wait for the lease to end.
            task = asyncio.create_task(self._give_up(citizen, word))
            self._giving_up.add(task)
            task.add_done_callback(self._giving_up.discard)
            raise
        state = _STATES[found[0]]
        if state is _BUSY or state is _DONE:
            return Loaded(state)
        _, value, pins, chosen, *counted = found
        counts = tuple(counted[0]) if counted else ()
        language = None if chosen is None else chosen.decode()
        if state is _FRESH:
            return Loaded(state, language=language, claim=word + bytes(4), counts=counts)
        try:
            body = self._seal.open(value[_HEADER:], value[:21] + keys[0].encode())
        except SealBroken:
            if state is _REPEAT:
                raise
            claim = word + value[1:5]
            return Loaded(_FRESH, language=language, claim=claim, broken=True, counts=counts)
        if state is _REPEAT:
            return Loaded(state, body, language=language)
        secrets = None if pins is None else self._open_pins(citizen, pins, material)
        return Loaded(state, body, secrets, language, word + value[1:5], counts=counts)

    async def save(
        self,
        citizen: Citizen,
        claim: bytes,
        *,
        request: bytes,
        body: bytes | None,
        ttl: float,
        secrets: bytes | None = None,
        secrets_ttl: float = 180.0,
        material: bytes = b"",
        language: str | None = None,
        effects: Sequence[tuple[bytes, bytes]] = (),
        mark: tuple[bytes, float] | None = None,
        durable: bool = True,
    ) -> int:
        """Writes the step and gives the claim back, all at once or not at all.

        None as `body` leaves her conversation, pins and language as they are.
        `ttl` and `secrets_ttl` are seconds. Without `secrets` those kept so far are deleted; with
        them, `material` is what they need to be opened besides the keys. `language` is one newly
        chosen. Each effect is (key of 16 bytes, payload), written to the shard's stream unless
        its key was written before; with `durable` the call then returns only once they are on
        the server's disk, where that can be known (see `gateway.store.fence`). By its `mark` (a key
        of 16 bytes, and seconds) `load` knows that this step was taken.
        Gives how many effects were new. Raises ClaimLost (nothing was written) or
        StoreUnavailable (nobody knows: it can be called again with the same arguments).
        """
        if len(request) != DIGEST:
            raise ValueError(f"request is a keyed hash of {DIGEST} bytes")
        if secrets is not None and not material:
            raise ValueError("secrets are sealed under material of their own")
        names = self._names
        key, hers, chosen = names.conversation(citizen)
        steps = int.from_bytes(claim[_CLAIM:], "big") + 1 & 0xFFFFFFFF
        head = _FORMAT + steps.to_bytes(4, "big") + request
        keys = [key, hers, chosen, names.stream(citizen.shard)]
        arguments: list[Argument] = [
            claim[:_CLAIM],
            # The claim's word stays, its lease is over: a save whose answer was lost can be
            # repeated until the next step claims, and does nothing twice.
            b""
            if body is None
            else head + claim[:_CLAIM] + _NO_LEASE + self._seal.seal(body, head + key.encode()),
            _ms(ttl),
            b"" if secrets is None else self._seal_pins(citizen, secrets, material),
            _ms(secrets_ttl),
            language or "",
            self._language_life,
            self._stream_life,
        ]
        for name, payload in effects:
            keys.append(names.effect(citizen.shard, name))
            sealed = self._seal.seal(payload, keys[3].encode() + name)
            arguments += (name, sealed, _ms(max(self._effects_life, ttl)))
        if mark is not None:
            keys.append(names.effect(citizen.shard, mark[0]))
            arguments += (mark[0], b"", _ms(mark[1]))
        # Written a second time it is the same; and if it was written, the claim is gone, and the
        # answer of this very request is found. An effect's way to the disk is not asked twice.
        added: int = await self._nodes.call(citizen.shard, SAVE, keys, arguments, again=not effects)
        if added < 0:
            raise ClaimLost("this step of the conversation was taken over")
        if effects and durable:
            await self._durability.wait(citizen.shard)
        return added

    async def release(self, citizen: Citizen, claim: bytes) -> None:
        """Gives a claim back without saving. A claim lost meanwhile is nobody's loss."""
        key = self._names.session(citizen)
        await self._nodes.call(citizen.shard, RELEASE, (key,), (claim[:_CLAIM],))

    def bind(self, session: bytes, citizen: Citizen, *, ttl: float) -> Aside[None]:
        """Remembers for `ttl` seconds whose provider session this is (a keyed hash of its id)."""
        return self._nodes.aside(
            self._names.shard(session),
            "SET",
            self._names.binding(session),
            bound_to(citizen),
            "PX",
            _ms(ttl),
            read=_nothing,
        )

    def seen(self, session: bytes) -> Aside[Citizen | None]:
        """Whose provider session this is, if it was bound."""
        shard = self._names.shard(session)
        return self._nodes.aside(shard, "GET", self._names.binding(session), read=_bound)

    async def remembered(self, citizen: Citizen) -> str | None:
        """The language that she chose, without touching her conversation."""
        found = await self._nodes.execute(citizen.shard, "GET", self._names.language(citizen))
        return None if found is None else str(found.decode())

    async def remember(self, citizen: Citizen, language: str) -> None:
        """Her language from now on, as if she had chosen it in a conversation."""
        key = self._names.language(citizen)
        life = self._language_life
        await self._nodes.execute(citizen.shard, "SET", key, language, "PX", life)

    async def forget(self, citizen: Citizen) -> None:
        """Her conversation, pins and language: she is new to the gateway."""
        await self._nodes.execute(citizen.shard, "DEL", *self._names.conversation(citizen))

    async def claimed(self, citizen: Citizen) -> float:
        """For how many seconds the step that is under way may take, 0.0 if there is none."""
        key = self._names.session(citizen)
        head = await self._nodes.execute(citizen.shard, "GETRANGE", key, 0, _HEADER - 1)
        ends = int.from_bytes(head[29:], "big") / 1000 if len(head) == _HEADER else 0.0
        return max(0.0, ends - time.time())

    async def close(self) -> None:
        """Lets what is given back on the side come to its end."""
        if self._giving_up:
            await asyncio.wait(self._giving_up)

    async def _give_up(self, citizen: Citizen, claim: bytes) -> None:
        with contextlib.suppress(StoreError):
            await self.release(citizen, claim)

    def _seal_pins(self, citizen: Citizen, secrets: bytes, material: bytes) -> bytes:
        return self._seal.under(material).seal(secrets, self._names.pins(citizen).encode())

    def _open_pins(self, citizen: Citizen, pins: bytes, material: bytes) -> bytes | None:
        """None if they were given in another session of the provider: asked again, then."""
        if not material:
            return None
        try:
            return self._seal.under(material).open(pins, self._names.pins(citizen).encode())
        except SealBroken:
            return None


def _nothing(_reply: Reply) -> None:
    pass


def _bound(reply: Reply) -> Citizen | None:
    if reply is None:
        return None
    number, _, digest = reply.decode().partition(":")
    return Citizen(int(number), digest)


@lru_cache(256)  # times to live are constants, and what menus say
def _ms(seconds: float) -> str:
    """Milliseconds, written as Redis reads them."""
    if seconds <= 0:
        raise ValueError("a time to live is more than nothing")
    return str(max(1, round(seconds * 1000)))
