"""Which server holds a shard: one for all, or the masters of a Redis Cluster.

Nothing has to be told beforehand. A node that does not hold a shard answers MOVED with the one
that does; that is remembered, so each shard costs one detour, once. When a node stops answering,
what was learnt of it is forgotten and another node is asked where its shards went.
"""

from __future__ import annotations

import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from gateway.errors import CommandRefused, StoreUnavailable
from gateway.store import library
from gateway.store.address import Address, Locate, fixed
from gateway.store.connection import Argument, Connection, Reply

DETOURS = 4  # of one command: more means that the nodes contradict each other
QUICK = 0.5  # of a deadline: a failure that came sooner was a connection that broke

_Given = TypeVar("_Given")


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

    async def execute(self, shard: int, *command: Argument, again: bool = False) -> Reply:
        """One command whose keys all belong to this shard. Raises like `Connection.execute`.

        With `again` it is sent once more where the connection broke on the way: a server that is
        there again (the deployment's own is started anew at once) answers, and one that stays
        away refuses at once. That is for what comes to the same when it is done twice.
        """
        started = time.monotonic()
        for _ in range(1 + DETOURS):
            try:
                return await self.of(shard).execute(*command)
            except CommandRefused as refused:
                await self._learn(shard, refused)
            except StoreUnavailable:
                self._forget(shard)
                if not again or time.monotonic() - started > QUICK * self._first.deadline:
                    raise
                again = False
        raise StoreUnavailable("the nodes of the Redis Cluster do not agree where a key is")

    def call(
        self,
        shard: int,
        function: str,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        again: bool = False,
    ) -> Coroutine[Any, Any, Reply]:
        """One of our functions, loaded first where it is missing."""
        return self.execute(shard, "FCALL", function, len(keys), *keys, *arguments, again=again)

    def aside(
        self, shard: int, *command: Argument, read: Callable[[Reply], _Given]
    ) -> Aside[_Given]:
        """A command that leaves now, in one write with what comes after it."""
        return Aside(self, shard, command, read)

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


class Aside(Awaitable[_Given]):
    """A command that is under way, and may be done twice.

    It is awaited when its reply is needed, or by nobody if something else fails first.
    """

    def __init__(
        self,
        nodes: Nodes,
        shard: int,
        command: Sequence[Argument],
        read: Callable[[Reply], _Given],
    ) -> None:
        self._nodes = nodes
        self._shard = shard
        self._command = command
        self._read = read
        self._sent: Future[Reply] = nodes.of(shard).execute(*command)
        self._sent.add_done_callback(_heard)

    def __await__(self) -> Generator[Any, Any, _Given]:
        return self._replied().__await__()

    async def _replied(self) -> _Given:
        try:
            reply = await self._sent
        except (CommandRefused, StoreUnavailable):
            # The long way, which knows of other nodes and of connections made anew.
            reply = await self._nodes.execute(self._shard, *self._command)
        return self._read(reply)


def _heard(sent: Future[Reply]) -> None:
    """Of a failure that nobody asks for, nobody need be told."""
    if not sent.cancelled():
        sent.exception()
