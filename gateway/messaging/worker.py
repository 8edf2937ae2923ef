"""The worker: everything that is done after a citizen's or an agency's request was answered.

Several loops, each on its own: one that stumbles does not hold up the others. While Redis is
away all of them wait; what they had taken is found again by its lease.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.errors import StoreUnavailable
from gateway.events import Lane
from gateway.logs import failure
from gateway.messaging.dispatch import Dispatch
from gateway.messaging.errands import Doer, Errands
from gateway.messaging.hooks import Hooks
from gateway.messaging.pace import Pace
from gateway.messaging.relay import SET_ASIDE, Relay
from gateway.metrics import Metrics
from gateway.store import Store

_log = structlog.get_logger("gateway.messaging")


Chore = Callable[[Store, int], Awaitable[int]]
"""Does what is due in a shard; gives how much that was. Raises StoreUnavailable."""


class Worker:
    """Works on `store` from `run` until `stop`.

    `chores` are what other rooms have done beside the messages, by name, each in a loop of its own;
    `doers` do long work, by its kind.
    """

    def __init__(
        self,
        relay: Relay,
        dispatch: Dispatch,
        hooks: Hooks,
        doers: Mapping[str, Doer],
        chores: Mapping[str, Chore],
        metrics: Metrics,
        pace: Pace,
    ) -> None:
        self._relay = relay
        self._dispatch = dispatch
        self._hooks = hooks
        self._errands = Errands(doers, pace)
        self._chores = chores
        self._metrics = metrics
        self._pace = pace
        self._stopping = asyncio.Event()
        self._idle: dict[str, bool] = {}
        self._centre: set[str] = set()  # queues of call-backs that were ever counted

    async def run(self, store: Store, *, drain: bool = False) -> None:
        """Works until `stop` is called, or with `drain` until nothing is due any more. What is
        under way then is given its time to end."""
        loops = {
            "relay": lambda: self._everywhere(store, self._relay.run),
            "dispatch": lambda: self._dispatch.run(store),
            "hooks": lambda: self._everywhere(store, self._hooks.run),
            "jobs": lambda: self._everywhere(store, self._errands.run),
            **{name: self._chore(store, chore) for name, chore in self._chores.items()},
        }
        tasks = [asyncio.create_task(self._keep(name, work)) for name, work in loops.items()]
        tasks.append(asyncio.create_task(self._upkeep(store)))
        tasks.append(asyncio.create_task(self._renewals(store)))
        if drain:
            tasks.append(asyncio.create_task(self._drained(set(loops))))
        await self._stopping.wait()
        for task in tasks[len(loops) :]:
            task.cancel()
        await asyncio.wait(tasks)
        await self._errands.finish()
        await self._dispatch.finish(self._pace.drain)

    def stop(self) -> None:
        """Takes nothing new from now on."""
        self._stopping.set()

    # ---- loops -----------------------------------------------------------------------

    async def _keep(self, name: str, work: Callable[[], Awaitable[int]]) -> None:
        """Does `work` again and again, sooner where it found something the last time."""
        away = False
        while not self._stopping.is_set():
            try:
                moved = await work()
                self._idle[name] = not moved
                away = False
                await self._rest(name, self._pace.busy if moved else self._pace.idle)
                continue
            except StoreUnavailable as error:
                if not away:
                    _log.error("worker-waits", loop=name, **failure(error))
                away = True
            except Exception as error:
                self._metrics.failures.labels(failure(error)["error"]).inc()
                _log.error("worker-stumbled", loop=name, **failure(error))
            await self._sleep(self._pace.away)

    def _chore(self, store: Store, chore: Chore) -> Callable[[], Awaitable[int]]:
        return lambda: self._everywhere(store, chore)

    async def _rest(self, name: str, seconds: float) -> None:
        """Between two looks. For what is dispatched a free hand ends it, not the clock."""
        if name == "dispatch":
            await self._dispatch.freed(seconds)
        else:
            await self._sleep(seconds)

    async def _everywhere(self, store: Store, work: Chore) -> int:
        """In all shards, asked in one write."""
        return sum(await asyncio.gather(*(work(store, n) for n in range(store.names.shards))))

    async def _renewals(self, store: Store) -> None:
        while True:
            await asyncio.sleep(self._pace.lease / 3)
            try:
                await self._dispatch.renew(store)
            except StoreUnavailable:
                continue  # it may be there again before the lease is over
            except Exception as error:
                # What is under way later on needs its lease too.
                _log.error("worker-stumbled", loop="renewals", **failure(error))

    async def _upkeep(self, store: Store) -> None:
        """Messages whose receipts are overdue, what has lain for its lifetime and is not ended by
        Redis itself, and what is counted for the engineer."""
        while True:
            try:
                for shard in range(store.names.shards):
                    while await store.outbox.age(shard):
                        pass
                await self._end(store)
                await self._count(store)
            except StoreUnavailable:
                pass
            except Exception as error:
                _log.error("worker-stumbled", loop="upkeep", **failure(error))
            await asyncio.sleep(self._pace.upkeep)

    async def _end(self, store: Store) -> None:
        for shard in range(store.names.shards):
            for queue in (None, *SET_ASIDE):
                await store.effects.age(shard, queue)
            await store.callbacks.trim(shard)
            await store.feedback.trim(shard)
        await store.audit.trim()

    async def _count(self, store: Store) -> None:
        queues = {lane.value: store.outbox.lanes[lane] for lane in Lane}
        queues |= {
            "hooks": store.hooks,
            "jobs": store.jobs.queue,
            "missed": store.missed,
            "late": store.late,
        }
        for name, queue in queues.items():
            sizes = [await queue.size(shard) for shard in range(store.names.shards)]
            self._metrics.queued.labels(name, "now").set(sum(now for now, _ in sizes))
            self._metrics.queued.labels(name, "later").set(sum(later for _, later in sizes))
            ages = [await queue.age(shard) for shard in range(store.names.shards)]
            self._metrics.queue_age.labels(name).set(max(ages))
        await self._count_callbacks(store)
        for route in self._dispatch.routes:
            rest = await store.gates.paused(route)
            self._metrics.provider_rests.labels(route).set(1 if rest else 0)

    async def _count_callbacks(self, store: Store) -> None:
        counted = await store.callbacks.counts(int(time.time()))
        self._centre.update(counted)  # a queue where nobody waits any more counts nobody
        for name in self._centre:
            numbers = counted.get(name, (0, 0, 0))
            for state, number in zip(("waiting", "taken", "overdue"), numbers, strict=True):
                self._metrics.callbacks.labels(name, state).set(number)

    async def _drained(self, loops: set[str]) -> None:
        """Until every loop found nothing, twice: what the one gets done is work for another."""
        calm = 0
        while calm < 2:
            self._idle.clear()
            while self._idle.keys() < loops:
                await self._sleep(self._pace.busy)
            busy = self._dispatch.under_way or self._errands.under_way
            calm = calm + 1 if all(self._idle.values()) and not busy else 0
        self.stop()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
