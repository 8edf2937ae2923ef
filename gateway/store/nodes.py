"""Which server holds a shard: one for all, or the masters of a Redis Cluster.

Nothing has to be told beforehand. A node that does not hold a shard answers MOVED with the one
that does; that is remembered, so each shard costs one detour, once. When a node stops answering,
what was learnt of it is forgotten and another node is asked where its shards went.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from gateway.errors import CommandRefused, StoreUnavailable
from gateway.store import library
from gateway.store.address import Address, Locate, fixed
from gateway.store.connection import Argument, Connection, Reply

DETOURS = 4  # of one command: more means that the nodes contradict each other


class Nodes:
    """Connections by shard. `first` is the one to REDIS_URL; it must be open."""

    def __init__(self, first: Connection) -> None:
        self._first = first
        self._entry = first
        self._known: dict[str, Connection] = {}
        self._holders: dict[int, Connection] = {}

    @property
    def first(self) -> Connection:
        return self._first

    def of(self, shard: int) -> Connection:
        return self._holders.get(shard, self._entry)

    async def execute(self, shard: int, *command: Argument) -> Reply:
        """One command whose keys all belong to this shard. Raises like `Connection.execute`."""
        for _ in range(1 + DETOURS):
            try:
                return await self.of(shard).execute(*command)
            except CommandRefused as refused:
                await self._learn(shard, refused)
            except StoreUnavailable:
                self._forget(shard)
                raise
        raise StoreUnavailable("the nodes of the Redis Cluster do not agree where a key is")

    def call(
        self, shard: int, function: str, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Coroutine[Any, Any, Reply]:
        """One of our functions, loaded first where it is missing."""
        return self.execute(shard, "FCALL", function, len(keys), *keys, *arguments)

    async def close(self) -> None:
        for connection in self._known.values():
            await connection.close()
        await self._first.close()

    async def _learn(self, shard: int, refused: CommandRefused) -> None:
        """Takes MOVED's word, and loads our functions where there are none; any other refusal is
        the caller's."""
        if library.missing(refused):
            await library.install(self.of(shard))
            return
        if refused.kind != "MOVED":
            raise refused
        where = str(refused).rpartition(" ")[2]
        connection = self._known.get(where)
        if connection is None:
            connection = self._known[where] = Connection(
                await self._beside(where),
                deadline=self._first.deadline,
                limit=self._first.limit,
            )
            connection.begin()
        self._holders[shard] = connection

    async def _beside(self, where: str) -> Locate:
        """Another node of the same cluster: same login, same TLS, its own host and port."""
        host, _, port = where.rpartition(":")
        known: Address = await self._first.locate()
        return fixed(replace(known, host=host or known.host, port=int(port), path=None))

    def _forget(self, shard: int) -> None:
        """Its node is away: the next command asks the next node that is there."""
        lost = self.of(shard)
        self._holders = {s: c for s, c in self._holders.items() if c is not lost}
        if self._entry is lost:
            others = (self._first, *self._known.values())
            self._entry = next((c for c in others if c.connected), self._first)
