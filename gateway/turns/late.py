"""Slow answers, brought to citizens who no longer wait for them: by SMS.

The step that left her waiting ordered it in the same script that kept her conversation, so nobody's
death loses it. A worker looks whether the answer is there, leaves her some seconds to ask for it
herself, and then goes on with her conversation as a message of hers would.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

import msgspec
import structlog

from gateway.engine import Open, turn
from gateway.errors import ClaimLost, SealBroken, StoreError, StoreUnavailable
from gateway.events import Arrived, Channel, IncomingSms
from gateway.logs import failure, new_correlation
from gateway.menu.library import Library
from gateway.messaging import orders
from gateway.messaging.orders import Order
from gateway.store import Kept, State, Store, Taken
from gateway.turns import messages
from gateway.turns.calls import Calls
from gateway.turns.conversations import opened
from gateway.turns.messages import Message, message_of
from gateway.turns.ussd import ANSWER, CALLS

GRACE = 20.0  # seconds that she has to ask for it herself, on the phone
AGAIN = 2.0  # seconds between two looks whether it is there
LONGEST = 600.0  # seconds since she began to wait, in which it is brought
LEASE = 60.0
AT_ONCE = 20

_PROVIDER = "late"  # of the messages that nobody wrote
_AAD = b"late"
_log = structlog.get_logger("gateway.turns")


class _Waiting(msgspec.Struct, array_like=True, frozen=True):
    order: bytes
    seen: float = 0.0  # seconds since the epoch when it was first there, or nobody at it


class _Look(Enum):
    DONE = auto()
    AGAIN = auto()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Waiting)


class LateTurns:
    """`ordered` takes orders of the kind `late`, `run` what was ordered, for the worker."""

    def __init__(
        self, library: Library, calls: Calls, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._library = library
        self._calls = calls
        self._clock = clock

    async def ordered(self, store: Store, shard: int, kept: Kept, order: Order) -> None:
        if kept.payload is not None and order.phone is not None:
            waiting = _Waiting(kept.payload)
            due = self._clock() + AGAIN if _by_phone(order) else self._clock()
            await store.late.add(shard, _sealed(store, waiting), due=round(due * 1000))

    async def run(self, store: Store, shard: int) -> int:
        """How many were looked at in a shard. Raises StoreUnavailable."""
        taken = await store.late.take(shard, AT_ONCE, lease=LEASE)
        for one in taken:
            try:
                await self._look(store, one)
            except StoreUnavailable:
                raise
            except Exception as error:
                _log.error("late-failed", **failure(error))
                await store.late.done(one)
        return len(taken)

    async def _look(self, store: Store, taken: Taken) -> None:
        try:
            waiting = _decoder.decode(store.seal.open(taken.payload, _AAD))
        except (SealBroken, msgspec.DecodeError):
            await store.late.done(taken)
            return
        order, now = orders.decode(waiting.order), self._clock()
        if now > order.at + LONGEST or order.phone is None:
            await store.late.done(taken)
            return
        if not waiting.seen:
            key = store.names.digest("call", order.conversation, _step(order), str(order.attempt))
            found = await store.answers.find(store.names.citizen(order.phone), key)
            if found.answer is None and found.under_way:
                await self._later(store, taken, waiting, now + AGAIN)
                return
            if _by_phone(order):
                seen = _Waiting(waiting.order, seen=now)
                await self._later(store, taken, seen, now + GRACE)
                return
        if await self._bring(store, order, order.phone) is _Look.AGAIN:
            await self._later(store, taken, waiting, now + AGAIN)
        else:
            await store.late.done(taken)

    async def _later(self, store: Store, taken: Taken, waiting: _Waiting, due: float) -> None:
        await store.late.later(taken, _sealed(store, waiting), round(due * 1000))

    async def _bring(self, store: Store, order: Order, phone: str) -> _Look:
        """Goes on with a conversation that still waits for it, once."""
        new_correlation()
        program = self._library.get(order.program) or self._library.current
        call = f"{order.conversation} {order.step} {order.attempt}"
        incoming = IncomingSms(_PROVIDER, call, phone, program.site.sms.sender or "", "")
        message = message_of(
            store,
            incoming,
            phone,
            time.monotonic() + ANSWER,
            program=program.hash,
            source=program.site.source,
        )
        try:
            return await self._turn(message, order)
        except ClaimLost:
            return _Look.AGAIN
        finally:
            if message.claim is not None:
                with suppress(StoreError):
                    await store.sessions.release(message.citizen, message.claim)

    async def _turn(self, message: Message, order: Order) -> _Look:
        loaded = await messages.load(message)
        if loaded.state is State.BUSY:
            return _Look.AGAIN
        kept = None if loaded.state is State.DONE else opened(loaded)
        if kept is None:
            return _Look.DONE
        left, session = kept
        waits = session.open is Open.WAIT and session.conversation == order.conversation
        step = _step(order)
        if not waits or (session.at, session.settled.get(step, 0)) != (step, order.attempt):
            return _Look.DONE  # she has asked for it herself, or begun anew
        program, now = self._library.get(session.program) or self._library.current, self._clock()
        message.program, message.language = program.hash, session.language or message.language
        turned = await self._calls.run(
            turn(program, session, Arrived(), messages.scene(message, program, int(now))),
            program,
            message.store,
            message.citizen,
            deadline=time.monotonic() + CALLS,
        )
        if turned.session.open is Open.WAIT and turned.session.at == step:
            return _Look.AGAIN
        await messages.keep(message, turned, left, b"", 0, int(now), silent=False)
        return _Look.DONE


def _step(order: Order) -> str:
    """The step whose back end is waited for; behind it stands when that began."""
    return order.step.partition("@")[0]


def _by_phone(order: Order) -> bool:
    return order.body.get("channel") != Channel.SMS.value


def _sealed(store: Store, waiting: _Waiting) -> bytes:
    return store.seal.seal(_encoder.encode(waiting), _AAD)
