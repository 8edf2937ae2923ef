"""Waiting until what was written has reached the disk.

With `appendfsync everysec` a power cut may take the last second. For a session that is bearable;
for an effect (a message, a call-back) that the citizen has been promised it is not, so after
saving one the gateway waits until the server's append-only file is synced:

- An embedded server's file lies in our own data folder, and we sync it ourselves.
- Elsewhere the server is asked (WAITAOF, Redis ≥ 7.2 and Valkey). Its word is watched: some
  versions answer before they have synced (redis/redis#13793; Valkey 9.1 still does), and with
  everysec no two syncs begin within one second. A server caught at that is told in readiness.
- With `appendfsync always` there is nothing to wait for; nor is there on a server for trials
  that has no append-only file or leaves syncing to the kernel.

Those who wait at the same time share one sync.
"""

from __future__ import annotations

import asyncio
from asyncio import Future, Task
from collections.abc import Awaitable, Callable

from gateway.errors import GatewayError, StoreUnavailable
from gateway.store.connection import Connection
from gateway.store.embedded import Embedded
from gateway.store.fitness import Fitness
from gateway.store.keys import Names
from gateway.store.nodes import Nodes

PACE = 0.05  # seconds between two syncs: the server cannot write while its file is synced
PATIENCE = 3.0  # seconds: a healthy disk syncs within one, a busy one within two
LIFE = 60_000  # milliseconds of the key that is written before WAITAOF
SECOND = 0.9  # of everysec, with some allowance for the server's clock

NOTHING = "nothing is kept: a restart may lose all that was accepted"
UNSYNCED = "some seconds of what was accepted may be lost in a power cut (appendfsync is no)"
KEPT = "effects are on disk before they are promised"
WINDOW = "up to one second of what was accepted may be lost in a power cut"


class Fence:
    """Bundles those who wait for one disk. `sync` has it synced, or raises."""

    def __init__(self, sync: Callable[[], Awaitable[None]]) -> None:
        self._sync = sync
        self._waiting: list[Future[None]] = []
        self._round: Task[None] | None = None

    async def wait(self) -> None:
        """Returns once a sync that began after this call is over. Raises StoreUnavailable."""
        loop = asyncio.get_running_loop()
        waiter: Future[None] = loop.create_future()
        self._waiting.append(waiter)
        if self._round is None:
            self._round = loop.create_task(self._rounds())
        await waiter

    async def close(self) -> None:
        if self._round is not None:
            await self._round

    async def _rounds(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                await self._sync()
            except GatewayError as error:
                for waiter in waiting:
                    if not waiter.done():
                        waiter.set_exception(StoreUnavailable(str(error)))
            else:
                for waiter in waiting:
                    if not waiter.done():
                        waiter.set_result(None)
            if self._waiting:
                await asyncio.sleep(PACE)
        self._round = None


class OwnDisk:
    """The embedded server's append-only file, synced by this process."""

    def __init__(self, server: Connection, embedded: Embedded) -> None:
        self._server = server
        self._embedded = embedded

    async def sync(self) -> None:
        """The server writes to its file before it answers, unless a sync of its own is under
        way: then what was answered waits in its buffer, at most for two seconds."""
        written, buffered = await self._sizes()
        accepted = written + buffered
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while buffered and written < accepted:
            if loop.time() > until:
                raise StoreUnavailable("the embedded server does not write to its file")
            await asyncio.sleep(PACE)
            before = written
            written, buffered = await self._sizes()
            if written < before:  # a rewrite has begun the file anew
                accepted = written + buffered
        await asyncio.to_thread(self._embedded.sync)

    async def _sizes(self) -> tuple[int, int]:
        """Bytes in the file, and bytes still to be written to it."""
        info: bytes = await self._server.execute("INFO", "persistence")
        found = dict(line.split(b":", 1) for line in info.splitlines() if b":" in line)
        return int(found[b"aof_current_size"]), int(found[b"aof_buffer_length"])


class Word:
    """The word of a server elsewhere.

    WAITAOF stops its connection and speaks of that connection's own writes. So it has one of its
    own, where one small write goes before it: a sync that comes after that has taken along all
    that was written before. `key` is any key that the server holds.
    """

    def __init__(self, beside: Connection, key: str) -> None:
        self._connection = Connection(
            beside.locate, deadline=PATIENCE + beside.deadline, limit=beside.limit
        )
        self._connection.begin()
        self._key = key
        self._asked = float("-inf")
        self.doubtful = False

    async def sync(self) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        # Both leave in one write; the second is answered when the first is on disk.
        _, synced = await asyncio.gather(
            self._connection.execute("SET", self._key, "", "PX", LIFE),
            self._connection.execute("WAITAOF", 1, 0, int(PATIENCE * 1000)),
        )
        if not synced[0]:
            raise StoreUnavailable("Redis did not sync its append-only file in time")
        # The sync of the last question began after it was asked, and the next one a second later.
        if loop.time() - self._asked < SECOND:
            self.doubtful = True
        self._asked = asked

    async def close(self) -> None:
        await self._connection.close()


class Durability:
    """What the store does for the disk, by the kind of server that it has."""

    def __init__(
        self, nodes: Nodes, names: Names, fitness: Fitness, embedded: Embedded | None
    ) -> None:
        self._nodes = nodes
        self._names = names
        self._fitness = fitness
        self._embedded = embedded
        self._fences: dict[Connection, Fence] = {}
        self._words: list[Word] = []

    @property
    def promise(self) -> str:
        """What readiness says of it."""
        if not self._fitness.aof:
            return NOTHING
        if self._fitness.sync == "no":
            return UNSYNCED
        if self._fitness.sync == "always":
            return "every step is on disk before it is answered"
        if self._embedded is not None:
            return KEPT
        if not self._fitness.waitaof:
            return f"{WINDOW} (this server has no WAITAOF)"
        if any(word.doubtful for word in self._words):
            return f"{WINDOW} (this server's WAITAOF answers before the disk is synced)"
        return KEPT

    async def wait(self, shard: int) -> None:
        """Returns once all that this shard's server has acknowledged is on its disk, as far as
        that can be known. Raises StoreUnavailable if it takes longer than a few seconds."""
        if not self._fitness.aof or self._fitness.sync in ("always", "no"):
            return
        if self._embedded is None and not self._fitness.waitaof:
            return
        server = self._nodes.of(shard)
        fence = self._fences.get(server)
        if fence is None:
            fence = self._fences[server] = Fence(self._sync(server, shard))
        await fence.wait()

    async def close(self) -> None:
        for word in self._words:
            await word.close()
        for fence in self._fences.values():
            await fence.close()

    def _sync(self, server: Connection, shard: int) -> Callable[[], Awaitable[None]]:
        if self._embedded is not None:
            return OwnDisk(server, self._embedded).sync
        word = Word(server, self._names.fence(shard))
        self._words.append(word)
        return word.sync
