"""A call as all processes together make it: let in or refused, made, and what it says kept.

A back end that fails is left alone for a while, one that is slow gets so many calls at a time; the
others have nothing to do with it. While Redis is away each process goes by what it knows itself.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from functools import lru_cache
from typing import Any

import httpx2
import msgspec
import structlog

from gateway.backends.client import Client, Ended, report
from gateway.errors import StoreError
from gateway.events import Answered, CallRequest, Json, Outcome
from gateway.menu.program import FieldType, Operation, Site
from gateway.metrics import Metrics
from gateway.store import Admission, Change, Citizen, Entry, Store, Verdict

GRACE = 5.0  # seconds that a call's lease outlasts its timeout

_PAUSES = (0.05, 0.25)  # seconds between two looks whether there is room for one more call
_TOO_MANY = 429
_NOTHING = Ended(Outcome.UNAVAILABLE, "cancelled")
_REFUSED = {Entry.OPEN: "breaker-open", Entry.BUSY: "busy"}

_encode = msgspec.msgpack.Encoder(order="sorted").encode
_decode = msgspec.msgpack.Decoder().decode
_log = structlog.get_logger("gateway.backends")


class Backends:
    """What a turn calls the agencies' back ends with.

    Raises SettingsError at once when the site names a variable that `environ` lacks. `http`
    replaces the transport of every back end (an application in this process).
    """

    def __init__(
        self,
        site: Site,
        environ: Mapping[str, str],
        metrics: Metrics,
        *,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = Client(site, environ, http=http)
        self._metrics = metrics
        self._limits: dict[str, int] = {}
        self._keeping: set[str] = set()  # back ends of whose answers some are kept
        self._under_way = Counter[str]()
        self._settling: set[asyncio.Task[None]] = set()
        self.adopt(site)

    def adopt(self, site: Site) -> None:
        """Take up the back ends of a newly loaded site, all or nothing.

        Raises SettingsError and changes nothing when one cannot be used. A back end that the
        new site has no more stays callable for conversations that began on the old one.
        """
        self._client.adopt(site)
        for name, backend in site.backends.items():
            if any(one.cache is not None for one in backend.operations.values()):
                self._keeping.add(name)
        self._limits |= {name: backend.at_once for name, backend in site.backends.items()}

    def patience(self, operation: Operation) -> float:
        """Seconds that an answer of it is waited for."""
        return self._client.patience(operation)

    async def close(self) -> None:
        if self._settling:
            await asyncio.wait(self._settling)
        await self._client.close()

    async def call(
        self,
        request: CallRequest,
        operation: Operation,
        *,
        store: Store,
        citizen: Citizen,
        key: str,
        deadline: float,
        correlation: str,
    ) -> Answered:
        """The back end's answer, or `unavailable`; never raises for what a back end does.

        `deadline` is on time.monotonic(); the operation's own timeout holds too, whichever ends
        first. `key` is the Idempotency-Key, the same for every repeat of this request.
        """
        if operation.cache is None:
            ended = await self._called(request, operation, store, key, deadline, correlation)
        else:
            reading = _reading(store, operation, request)
            known = await _read(store, citizen, operation, reading)
            if known is not None:
                return known
            ended = await self._called(request, operation, store, key, deadline, correlation)
            if ended.outcome is Outcome.OK:
                self._aside(_keep(store, citizen, operation, reading, ended.data))
        changed = not operation.safe and ended.outcome in (Outcome.OK, Outcome.UNAVAILABLE)
        if changed and operation.backend in self._keeping:
            # What she read there before may no longer be so.
            await _drop(store, citizen, operation.backend)
        return ended.answered

    # ---- let in, made, settled -----------------------------------------------------------

    async def _called(
        self,
        request: CallRequest,
        operation: Operation,
        store: Store,
        key: str,
        deadline: float,
        correlation: str,
    ) -> Ended:
        started = time.monotonic()
        deadline = min(deadline, started + self.patience(operation))
        admission = await self._admitted(store, operation, deadline)
        if isinstance(admission, str):
            refused = Ended(Outcome.UNAVAILABLE, admission, sent=False)
            report(operation, refused, time.monotonic() - started, correlation)
            return refused
        backend, ended = operation.backend, _NOTHING
        self._under_way[backend] += 1
        try:
            ended = await self._client.exchange(
                request, operation, key=key, deadline=deadline, correlation=correlation
            )
        finally:
            self._under_way[backend] -= 1
            if admission is not None:
                self._aside(self._settle(store, backend, admission, _verdict(ended)))
        return ended

    async def _admitted(
        self, store: Store, operation: Operation, deadline: float
    ) -> Admission | str | None:
        """None while Redis is away and this process has room; a reason where no call is made."""
        backend = operation.backend
        most = self._limits.get(backend, 1)
        lease = self.patience(operation) + GRACE
        while True:
            try:
                admission = await store.breakers.admit(backend, at_once=most, lease=lease)
            except StoreError:
                return None if self._under_way[backend] < most else _REFUSED[Entry.BUSY]
            if admission.entry in (Entry.GO, Entry.PROBE):
                return admission
            pause = random.uniform(*_PAUSES)  # noqa: S311 - spreads, hides nothing
            if admission.entry is Entry.OPEN or time.monotonic() + pause > deadline:
                return _REFUSED[admission.entry]
            await asyncio.sleep(pause)

    async def _settle(
        self, store: Store, backend: str, admission: Admission, verdict: Verdict
    ) -> None:
        try:
            change = await store.breakers.settle(backend, admission, verdict)
        except StoreError:
            return  # its lease ends by itself
        if change is not Change.NONE:
            self._metrics.breakers.labels(backend).set(change is Change.OPENED)
            log = _log.warning if change is Change.OPENED else _log.info
            log("breaker", backend=backend, change=change.value)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        """Nobody waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)


def _verdict(ended: Ended) -> Verdict:
    """One that refuses a request, for whatever reason, is there."""
    if ended is _NOTHING or not ended.sent:
        return Verdict.NOTHING
    refused = ended.status is not None and 400 <= ended.status < 500 and ended.status != _TOO_MANY
    failed = ended.outcome is Outcome.UNAVAILABLE and not refused
    return Verdict.BAD if failed else Verdict.GOOD


# ---- what is kept of answers -------------------------------------------------------------


def _reading(store: Store, operation: Operation, request: CallRequest) -> bytes:
    """Names a question: what is asked, and what its answer was declared to be."""
    asked = _encode([dict(request.arguments), request.phone is not None])
    return store.names.digest("reading", operation.name, _declared(operation), asked)


@lru_cache(1024)
def _declared(operation: Operation) -> bytes:
    return _encode(
        [operation.path, operation.many, {n: _kind(of) for n, of in operation.gives.items()}]
    )


def _kind(field: FieldType) -> list[str]:
    return [field.kind.value, *field.values]


async def _read(
    store: Store, citizen: Citizen, operation: Operation, reading: bytes
) -> Answered | None:
    try:
        kept = await store.readings.get(citizen, operation.backend, reading)
    except StoreError:
        return None
    return None if kept is None else Answered(Outcome.OK, _decode(kept))


async def _keep(
    store: Store, citizen: Citizen, operation: Operation, reading: bytes, data: Json
) -> None:
    seconds = 0.0 if operation.cache is None else operation.cache.total_seconds()
    try:
        await store.readings.put(
            citizen, operation.backend, reading, _encode(data), seconds=seconds
        )
    except StoreError:
        return  # the next one asks again


async def _drop(store: Store, citizen: Citizen, backend: str) -> None:
    try:
        await store.readings.drop(citizen, backend)
    except StoreError:
        return  # it ages out
