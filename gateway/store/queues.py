"""Work to be done by whoever comes first: what a worker takes, renews, and gets done.

A queue is one stream a shard, with a sorted set of what is to come later. What is taken is the
taker's for a lease; what nobody renews is given to the next one, marked as `again`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import msgspec

from gateway.store.keys import Names
from gateway.store.library import DONE, RENEW, TAKE
from gateway.store.nodes import Nodes


class Taken(msgspec.Struct, frozen=True, gc=False):
    """An entry of a queue. `again`: whoever took it before let it go without getting it done."""

    shard: int
    entry: str
    payload: bytes
    again: bool


class Queue:
    """One queue in all shards. `messages`: its payloads begin with a message's id."""

    def __init__(self, nodes: Nodes, names: Names, name: str, *, messages: bool = False) -> None:
        self._nodes = nodes
        self._names = names
        self._name = name
        self._messages = "1" if messages else ""

    async def add(self, shard: int, payload: bytes, *, due: int = 0) -> None:
        """`due` in milliseconds since the epoch, 0 for now."""
        stream, later = self._names.queue(shard, self._name)
        if due:
            await self._nodes.execute(shard, "ZADD", later, due, payload)
        else:
            await self._nodes.execute(shard, "XADD", stream, "*", "e", payload)

    async def take(self, shard: int, most: int, *, lease: float) -> list[Taken]:
        """At most `most` entries, for `lease` seconds. Raises StoreUnavailable."""
        found = await self._nodes.call(
            shard,
            TAKE,
            self._names.queue(shard, self._name),
            (self._names.tag(shard), most, round(lease * 1000), self._messages),
        )
        return [
            Taken(shard, entry.decode(), fields[1], bool(again)) for entry, again, fields in found
        ]

    async def renew(self, shard: int, entries: Sequence[str]) -> None:
        """The lease of entries that are still being worked on begins anew."""
        if entries:
            stream, _ = self._names.queue(shard, self._name)
            await self._nodes.call(shard, RENEW, (stream,), entries)

    async def done(self, taken: Taken) -> bool:
        """Takes an entry off. False if another one did, whose entry it had become."""
        return await self._done(taken, b"", 0)

    async def later(self, taken: Taken, payload: bytes, due: int) -> bool:
        """Takes an entry off, and puts `payload` in for `due`, milliseconds since the epoch."""
        return await self._done(taken, payload, due)

    async def held(self, shard: int, *, lease: float) -> list[bytes]:
        """What workers have in hand: the payloads whose lease of `lease` seconds is not over."""
        stream, _ = self._names.queue(shard, self._name)
        execute = self._nodes.execute
        if not await execute(shard, "EXISTS", stream):
            return []
        if not await execute(shard, "XINFO", "GROUPS", stream):
            return []
        pending = await execute(shard, "XPENDING", stream, "workers", "-", "+", 1000)
        held = []
        for entry, _, idle, _ in pending:
            found = await execute(shard, "XRANGE", stream, entry, entry)
            if idle < lease * 1000 and found:
                held.append(found[0][1][1])
        return held

    async def later_without(self, shard: int, ids: Collection[str]) -> None:
        """Takes out of what comes later whatever begins with one of `ids`."""
        _, later = self._names.queue(shard, self._name)
        cursor = b"0"
        while True:
            cursor, found = await self._nodes.execute(shard, "ZSCAN", later, cursor, "COUNT", 500)
            gone = [one for one in found[::2] if one.partition(b" ")[0].decode() in ids]
            if gone:
                await self._nodes.execute(shard, "ZREM", later, *gone)
            if cursor == b"0":
                return

    async def size(self, shard: int) -> tuple[int, int]:
        """How many entries there are, and how many wait for later."""
        stream, later = self._names.queue(shard, self._name)
        now: int = await self._nodes.execute(shard, "XLEN", stream)
        waiting: int = await self._nodes.execute(shard, "ZCARD", later)
        return now, waiting

    async def age(self, shard: int) -> float:
        """Seconds since the oldest entry that is due came in, 0.0 where none is."""
        stream, _ = self._names.queue(shard, self._name)
        found = await self._nodes.execute(shard, "XRANGE", stream, "-", "+", "COUNT", 1)
        if not found:
            return 0.0
        return max(0.0, time.time() - int(found[0][0].partition(b"-")[0]) / 1000)

    async def _done(self, taken: Taken, payload: bytes, due: int) -> bool:
        keys = self._names.queue(taken.shard, self._name)
        ours: int = await self._nodes.call(taken.shard, DONE, keys, (taken.entry, payload, due))
        return bool(ours)
