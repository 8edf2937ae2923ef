"""Long work, gone on with where the last worker left it: batches, updates of cases."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog

from gateway.messaging.pace import Pace
from gateway.store import Store, Taken

_log = structlog.get_logger("gateway.messaging")


class Doer(Protocol):
    """Does the jobs of one kind."""

    async def go_on(self, store: Store, job_id: str) -> None:
        """Does what is left of a job, piece by piece. Doing a piece again must change nothing,
        for whoever is killed in the midst of one leaves it to the next. Raises StoreUnavailable
        where the rest is to be done later."""


class Errands:
    """`doers` by the kind that a job's record names."""

    def __init__(self, doers: Mapping[str, Doer], pace: Pace) -> None:
        self._doers = doers
        self._pace = pace

    async def run(self, store: Store, shard: int) -> int:
        """Does one job of a shard, if there is one. Raises StoreUnavailable."""
        taken = await store.jobs.queue.take(shard, 1, lease=self._pace.lease)
        for one in taken:
            await self._do(store, one)
        return len(taken)

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
            await store.jobs.queue.renew(taken.shard, [taken.entry])
