"""Driving a turn: the engine asks, the back ends answer, the engine goes on.

A call that takes longer than its screen may wait goes on in the background, and what it comes to
is kept under its idempotency key. Whoever asks for it again finds it there, or waits for whoever is
at it; where nobody is, the same call is made again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from gateway.backends import Backends
from gateway.engine import Turned
from gateway.errors import StoreUnavailable
from gateway.events import Answered, CallRequest, Delayed, Outcome, Replied
from gateway.logs import correlation, failure
from gateway.menu.program import Operation, Program
from gateway.metrics import Metrics
from gateway.store import Citizen, Store

MOST = 1000  # calls of one process that go on in the background
RENEWAL = 1.0  # seconds; a third of a lease
PUTTING = 30.0  # seconds that an answer is tried to be kept, while Redis is away
ENDING = 5.0  # seconds that a process which stops gives calls under way

_LOOKS = (0.05, 0.1, 0.2, 0.25)  # seconds between two looks whether it is there

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Outcome, Any])
_log = structlog.get_logger("gateway.turns")


class Calls:
    """Answers the calls of turns. `deadline` below is on time.monotonic(), in seconds."""

    def __init__(self, backends: Backends, metrics: Metrics) -> None:
        self._backends = backends
        self._metrics = metrics
        self._background: set[asyncio.Task[None]] = set()

    async def run(
        self,
        turn: Generator[CallRequest, Replied, Turned],
        program: Program,
        store: Store,
        citizen: Citizen,
        *,
        deadline: float,
    ) -> Turned:
        """What the turn comes to once all its calls, which share `deadline`, are answered, or one
        of them is to be waited for."""
        try:
            request = next(turn)
            while True:
                request = turn.send(await self._call(request, program, store, citizen, deadline))
        except StopIteration as stop:
            turned: Turned = stop.value
            return turned
        finally:
            turn.close()

    async def close(self) -> None:
        """Waits a little for what goes on in the background: each answer is kept, or asked for
        again by whoever comes next."""
        if self._background:
            await asyncio.wait(self._background, timeout=ENDING)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _call(
        self,
        request: CallRequest,
        program: Program,
        store: Store,
        citizen: Citizen,
        deadline: float,
    ) -> Replied:
        backend, _, name = request.operation.partition(".")
        operation = program.site.backends[backend].operations[name]
        # A repeat has the same three, a new attempt another number.
        key = store.names.digest("call", request.conversation, request.step, str(request.attempt))
        if request.again:
            found = await _look(store, citizen, key, deadline)
            if found is not None:
                return found
            if not request.complete:
                return Delayed(lost=True)
        call = _Call(request, operation, store, citizen, key)
        left = deadline - time.monotonic()
        if self._backends.patience(operation) <= left or len(self._background) >= MOST:
            return await self._ask(call, deadline)
        return await self._patiently(call, left)

    async def _ask(self, call: _Call, deadline: float) -> Answered:
        answered = await self._backends.call(
            call.request,
            call.operation,
            store=call.store,
            citizen=call.citizen,
            key=call.key.hex(),
            deadline=deadline,
            correlation=correlation.get() or "",
        )
        self._metrics.calls.labels(call.operation.name, answered.outcome.value).inc()
        return answered

    async def _patiently(self, call: _Call, seconds: float) -> Replied:
        """Its answer within so many seconds; else it goes on without anybody waiting."""
        patience = self._backends.patience(call.operation)
        asking = asyncio.create_task(self._ask(call, time.monotonic() + patience))
        handed = False
        try:
            await asyncio.wait({asking}, timeout=max(0.0, seconds))
            if asking.done():
                return asking.result()
            await call.store.answers.begin(call.citizen, call.key)
            _log.info("call-delayed", operation=call.operation.name)
            background = asyncio.create_task(self._go_on(call, asking))
            self._background.add(background)
            background.add_done_callback(self._background.discard)
            handed = True
            return Delayed()
        finally:
            if not handed:
                asking.cancel()

    async def _go_on(self, call: _Call, asking: asyncio.Task[Answered]) -> None:
        """In the background: until it is answered, and the answer is kept."""
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=RENEWAL)
                if not asking.done():
                    with suppress(StoreUnavailable):
                        await call.store.answers.renew(call.citizen, call.key)
            await self._keep(call, asking.result())
        except Exception as error:
            # She asks again, under the same key.
            _log.error("answer-lost", operation=call.operation.name, **failure(error))
        finally:
            asking.cancel()

    async def _keep(self, call: _Call, answered: Answered) -> None:
        body = _encoder.encode((answered.outcome, answered.data))
        until = time.monotonic() + PUTTING
        while True:
            try:
                await call.store.answers.put(call.citizen, call.key, body)
                return
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(RENEWAL)


class _Call(msgspec.Struct, frozen=True):
    request: CallRequest
    operation: Operation
    store: Store
    citizen: Citizen
    key: bytes


async def _look(store: Store, citizen: Citizen, key: bytes, deadline: float) -> Replied | None:
    """What a call came to, as soon as it is there; Delayed while somebody is still at it, None
    where nobody is."""
    looks = iter(_LOOKS)
    while True:
        found = await store.answers.find(citizen, key)
        if found.answer is not None:
            return Answered(*_decoder.decode(found.answer))
        if not found.under_way:
            return None
        pause = next(looks, _LOOKS[-1])
        if time.monotonic() + pause > deadline:
            return Delayed()
        await asyncio.sleep(pause)
