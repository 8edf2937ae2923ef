"""Waiting until what was written has reached the disk.

With `appendfsync everysec` a power cut may take the last second. For a session that is bearable;
for an effect (a message, a call-back) that the citizen has been promised it is not, so after
saving one the gateway waits for the server's word that its append-only file was synced
(WAITAOF, Redis ≥ 7.2 and Valkey).

WAITAOF stops its connection until then and speaks of that connection's own writes. So it has a
connection of its own, where one small write and one WAITAOF settle for all who came before them:
a sync that comes after my write has taken theirs along.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task

from gateway.errors import StoreError, StoreUnavailable
from gateway.store.connection import Connection

PATIENCE = 3.0  # seconds: a healthy disk syncs within one, a busy one within two
LIFE = 60_000  # milliseconds of the key that is written


class Fence:
    """For one server. `key` is any key that it holds."""

    def __init__(self, beside: Connection, key: str) -> None:
        self._connection = Connection(
            beside.locate, deadline=PATIENCE + beside.deadline, limit=beside.limit
        )
        self._connection.begin()
        self._key = key
        self._waiting: list[Future[None]] = []
        self._round: Task[None] | None = None

    async def wait(self) -> None:
        """Returns once everything that this server has acknowledged so far is on its disk.
        Raises StoreUnavailable if it does not say so within a few seconds."""
        loop = asyncio.get_running_loop()
        waiter: Future[None] = loop.create_future()
        self._waiting.append(waiter)
        if self._round is None:
            self._round = loop.create_task(self._rounds())
        await waiter

    async def close(self) -> None:
        await self._connection.close()
        if self._round is not None:
            await self._round

    async def _rounds(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                await self._once()
            except StoreError as error:
                for waiter in waiting:
                    if not waiter.done():
                        waiter.set_exception(StoreUnavailable(str(error)))
            else:
                for waiter in waiting:
                    if not waiter.done():
                        waiter.set_result(None)
        self._round = None

    async def _once(self) -> None:
        # Both leave in one write; the second is answered when the first is on disk.
        _, synced = await asyncio.gather(
            self._connection.execute("SET", self._key, "", "PX", LIFE),
            self._connection.execute("WAITAOF", 1, 0, int(PATIENCE * 1000)),
        )
        if not synced[0]:
            raise StoreUnavailable("Redis did not sync its append-only file in time")
