"""Attempts: taken from the lanes, made through a provider, settled.

A lane is read by all workers of the installation. What this process has taken is renewed while
it is under way; should the process die, the next one finds each attempt as it was left.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import structlog

from gateway.errors import SealBroken, StoreUnavailable
from gateway.events import Fate, Lane, MessageState, OutgoingSms, Submission
from gateway.logs import failure
from gateway.messaging import letter
from gateway.messaging.pace import Pace
from gateway.messaging.receipts import attach
from gateway.messaging.senders import Route, Senders
from gateway.messaging.window import Window
from gateway.metrics import Metrics
from gateway.store import Begun, Line, Store, Taken, read_line

LONGEST_PAUSE = 3600.0
KEEPING = 60.0  # seconds for which an outcome that Redis was not there to hear is told again
IN_A_ROW = 5  # failures of a provider that make it rest
BREAK = 30.0  # seconds of that rest
PATIENCE = 2.0  # seconds that a message is kept in hand while its provider is busy
LONGEST_REST = 60.0  # seconds until a message whose providers rest is looked at again

_STATES: Mapping[Fate, MessageState] = MappingProxyType(
    {
        Fate.SENT: MessageState.SENT,
        Fate.FAILED: MessageState.FAILED,
        Fate.SUPPRESSED: MessageState.SUPPRESSED,
    }
)
# What speaks of the provider and not of the message: several in a row, and it rests.
_ITS_FAULT = frozenset(
    {
        "connection-lost",
        "credentials",
        "deadline",
        "insufficient-balance",
        "other",
        "provider-trouble",
        "refused",
        "unreachable",
        "unreadable",
    }
)

_log = structlog.get_logger("gateway.messaging")


class Dispatch:
    """`hands` attempts at once; a mass sending never has the last quarter of them, so that an
    answer finds one free."""

    def __init__(
        self,
        senders: Senders,
        window: Callable[[], Window],
        metrics: Metrics,
        pace: Pace,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._senders = senders
        self._window = window
        self._metrics = metrics
        self._pace = pace
        self._clock = clock
        self._chance = chance
        self._under_way: dict[asyncio.Task[None], tuple[Lane, Taken]] = {}
        self._freed = asyncio.Event()
        self._in_a_row: Counter[str] = Counter()  # failures of each provider, as seen from here
        self._first = dict.fromkeys(Lane, 0)  # the shard that is asked first, another each time

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    @property
    def routes(self) -> tuple[str, ...]:
        return tuple(route.name for route in self._senders.live)

    async def run(self, store: Store) -> int:
        """Takes what there are hands for; how many. Raises StoreUnavailable."""
        hands = self._pace.hands
        taken = await self._take(store, Lane.ANSWERS, hands - self.under_way)
        taken += await self._take(store, Lane.MASS, hands - hands // 4 - self.under_way)
        return taken

    async def freed(self, seconds: float) -> None:
        """Waits until a hand is free again, and for others that are free soon after; at most so
        long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._freed.wait()
                await asyncio.sleep(self._pace.breath)
        self._freed.clear()

    async def renew(self, store: Store) -> None:
        """What is under way stays this worker's. Raises StoreUnavailable."""
        entries: dict[tuple[Lane, int], list[str]] = {}
        for lane, taken in self._under_way.values():
            entries.setdefault((lane, taken.shard), []).append(taken.entry)
        for (lane, shard), names in entries.items():
            await store.outbox.lanes[lane].renew(shard, names)

    async def finish(self, seconds: float) -> None:
        """Waits for what is under way. What is not over by then is found by the next worker."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=seconds)
            for task in late:
                task.cancel()

    # ---- taking ----------------------------------------------------------------------

    async def _take(self, store: Store, lane: Lane, hands: int) -> int:
        """A share for each shard, all asked in one write."""
        if hands <= 0:
            return 0
        shards = store.names.shards
        share = -(-hands // shards)
        first = self._first[lane] = (self._first[lane] + 1) % shards
        asked = [(first + number) % shards for number in range(min(shards, hands))]
        queue = store.outbox.lanes[lane]
        found = await asyncio.gather(
            *(queue.take(shard, share, lease=self._pace.lease) for shard in asked)
        )
        entries = [taken for several in found for taken in several]
        for taken in entries:
            task = asyncio.get_running_loop().create_task(self._work(store, lane, taken))
            self._under_way[task] = lane, taken
            task.add_done_callback(self._done)
        return len(entries)

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._freed.set()

    # ---- one attempt -----------------------------------------------------------------

    async def _work(self, store: Store, lane: Lane, taken: Taken) -> None:
        try:
            await self._attempt(store, lane, taken)
        except StoreUnavailable:
            pass  # its lease will end, and it is found as it is
        except Exception as error:
            _log.error("attempt-failed", **failure(error))

    async def _attempt(self, store: Store, lane: Lane, taken: Taken) -> None:
        line = read_line(taken.payload)
        queue = store.outbox.lanes[lane]
        now = self._now()
        if not line.any_hour and (opens := self._window().opens(now)) > now:
            await queue.later(taken, taken.payload, opens)
            return
        route, rest = await self._route(store, line, lane)
        if route is None:
            wait = min(rest, LONGEST_REST) * (0.5 + self._chance() / 2)
            await queue.later(taken, taken.payload, self._now() + round(wait * 1000))
            return
        begun = await store.outbox.begin(taken, line, lane, route.name)
        if begun is None:
            return
        submission = await self._submit(store, route, line, begun)
        await self._settle(store, lane, taken, line, begun, route, submission)

    async def _route(self, store: Store, line: Line, lane: Lane) -> tuple[Route | None, float]:
        """Who sends it. A provider that is only busy is waited for, a little."""
        waited = 0.0
        while True:
            route, rest = await self._senders.choose(
                store, line.segments, test=line.test, urgent=lane is Lane.ANSWERS
            )
            if route is not None or waited + rest > PATIENCE:
                return route, rest
            await asyncio.sleep(rest)
            waited += rest

    async def _submit(self, store: Store, route: Route, line: Line, begun: Begun) -> Submission:
        if begun.body is None:
            return Submission(Fate.FAILED, reason="unreadable")
        try:
            hers = letter.decode(begun.body)
        except SealBroken:
            return Submission(Fate.FAILED, reason="unreadable")
        if route.names_messages:
            # Its receipt is found, whatever becomes of this attempt.
            await self._kept(lambda: attach(store, route.name, line.id, line.id))
        started = time.monotonic()
        sms = OutgoingSms(line.id, hers.to, hers.sender, hers.text, hers.encoding, line.segments)
        submission = await route.sender.send(sms)
        self._metrics.attempts.labels(route.name, submission.fate.value).inc()
        self._metrics.attempt_seconds.labels(route.name).observe(time.monotonic() - started)
        if submission.fate is Fate.SENT:
            self._metrics.segments.labels(route.name).inc(line.segments)
        if submission.provider_id is not None and not route.names_messages:
            # Before it is settled: from here on its receipt is found.
            provider_id = submission.provider_id
            await self._kept(lambda: attach(store, route.name, provider_id, line.id))
        return submission

    async def _settle(
        self,
        store: Store,
        lane: Lane,
        taken: Taken,
        line: Line,
        begun: Begun,
        route: Route,
        submission: Submission,
    ) -> None:
        again, unsure = 0, submission.fate is Fate.UNSURE
        if unsure and begun.hold:
            state = MessageState.UNCERTAIN
        elif submission.fate in _STATES:
            state = _STATES[submission.fate]
        else:
            state = MessageState.QUEUED
            again = self._now() + round(self._pause(begun.attempt) * 1000)
        await self._kept(
            lambda: store.outbox.settle(
                taken,
                line,
                lane,
                begun,
                state,
                reason=submission.reason,
                again=again,
                unsure=unsure,
            )
        )
        await self._judge(store, route, submission)

    async def _kept(self, tell: Callable[[], Awaitable[object]]) -> None:
        """What an attempt came to is known to this process alone: Redis is told until it hears.
        Telling it twice changes nothing."""
        until = time.monotonic() + KEEPING
        while True:
            try:
                await tell()
                return
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(self._pace.away)

    async def _judge(self, store: Store, route: Route, submission: Submission) -> None:
        """What the attempt says of its provider."""
        name, fate, pause = route.name, submission.fate, submission.pause
        if not pause and fate in (Fate.RETRY, Fate.UNSURE) and submission.reason in _ITS_FAULT:
            self._in_a_row[name] += 1
            pause = BREAK if self._in_a_row[name] >= IN_A_ROW else 0.0
        elif fate is Fate.SENT:
            self._in_a_row[name] = 0
        if pause:
            self._in_a_row[name] = 0
            await store.gates.pause(name, pause)
            _log.error("provider-rests", provider=name, reason=submission.reason)

    def _pause(self, attempt: int) -> float:
        """Seconds before the next attempt, never the same for all that failed together."""
        longest: float = min(self._pace.first_pause * 2 ** (attempt - 1), LONGEST_PAUSE)
        return longest * (0.5 + self._chance() / 2)

    def _now(self) -> int:
        return round(self._clock() * 1000)
