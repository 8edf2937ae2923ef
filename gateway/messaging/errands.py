"""Long work, gone on with where the last worker left it: batches, updates of cases."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from gateway.errors import StoreUnavailable
from gateway.logs import failure
from gateway.messaging.pace import Pace
from gateway.store import Store, Taken

AT_ONCE = 4  # jobs of one worker

_log = structlog.get_logger("gateway.messaging")


class Doer(Protocol):
    """Does the jobs of one kind."""

    async def go_on(self, store: Store, job_id: str) -> None:
        """Does what is left of a job, piece by piece. Doing a piece again must change nothing,
        for whoever is killed in the midst of one leaves it to the next. Raises StoreUnavailable
        where the rest is to be done later."""


class Errands:
    """`doers` by the kind that a job's record names. A job is done beside the others."""

    def __init__(self, doers: Mapping[str, Doer], pace: Pace) -> None:
        self._doers = doers
        self._pace = pace
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def run(self, store: Store, shard: int) -> int:
        """Begins one job of a shard, if there is one. Raises StoreUnavailable."""
        if self.under_way >= AT_ONCE:
            return 0
        taken = await store.jobs.queue.take(shard, 1, lease=self._pace.lease)
        for one in taken:
            task = asyncio.get_running_loop().create_task(self._work(store, one))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(taken)

    async def finish(self) -> None:
        """Breaks off what is under way: another worker goes on with it."""
        under_way = list(self._under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _work(self, store: Store, taken: Taken) -> None:
        try:
            await self._do(store, taken)
        except StoreUnavailable:
            pass  # its lease will end, and it is gone on with
        except Exception as error:
            _log.error("job-failed", **failure(error))

    async def _do(self, store: Store, taken: Taken) -> None:
        job_id = taken.payload.decode()
        record = await store.jobs.read(job_id)
        doer = None if record is None else self._doers.get(record.get("kind", ""))
        if record is not None and doer is None:
            # A newer release began it, and will go on with it when its lease is over.
            _log.error("job-unknown", kind=record.get("kind", ""))
            return
        if doer is not None:
            renewing = asyncio.create_task(self._renew(store, taken))
            try:
                await doer.go_on(store, job_id)
            finally:
                renewing.cancel()
        await store.jobs.queue.done(taken)

    async def _renew(self, store: Store, taken: Taken) -> None:
        while True:
            await asyncio.sleep(self._pace.lease / 3)
            with suppress(StoreUnavailable):  # it may be there again before the lease is over
                await store.jobs.queue.renew(taken.shard, [taken.entry])
