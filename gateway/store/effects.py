"""The effects that steps left, for the worker to do.

Each shard has one Redis stream. An entry is written in the same function as the step's session,
once for each effect key, sealed like a session.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gateway.errors import SealBroken
from gateway.store.keys import Names
from gateway.store.library import DONE, MOVE, TAKE
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal


@dataclass(frozen=True, slots=True)
class Kept:
    """An effect in its stream. `id` is the stream's (milliseconds-number, ascending); `payload`
    is None if the key that sealed it is not held any more."""

    id: str
    key: bytes
    payload: bytes | None = field(repr=False)


class Effects:
    def __init__(self, nodes: Nodes, names: Names, seal: Seal, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._life = round(lifetimes.stream * 1000)

    async def read(self, shard: int, *, after: str = "0", count: int = 100) -> list[Kept]:
        """The effects of a shard that come after the entry `after`, oldest first, at most
        `count`. Nothing is taken off. Raises StoreUnavailable."""
        stream = self._names.stream(shard)
        start = "-" if after == "0" else f"({after}"
        found = await self._nodes.execute(shard, "XRANGE", stream, start, "+", "COUNT", count)
        return [self._kept(stream, name.decode(), fields) for name, fields in found]

    async def last(self, shard: int) -> str:
        """The id of the newest entry, "0" if there is none: from here on, `read` gives what is
        new."""
        stream = self._names.stream(shard)
        found = await self._nodes.execute(shard, "XREVRANGE", stream, "+", "-", "COUNT", 1)
        return found[0][0].decode() if found else "0"

    async def take(self, shard: int, most: int, *, lease: float) -> list[Kept]:
        """At most `most` of a shard's effects, for `lease` seconds: what is not `done` by then is
        given to the next one who takes."""
        stream = self._names.stream(shard)
        keys, ms = (stream, self._names.queue(shard, "effects")[1]), round(lease * 1000)
        found = await self._nodes.call(shard, TAKE, keys, (self._names.tag(shard), most, ms, ""))
        return [self._kept(stream, entry.decode(), fields) for entry, _, fields in found]

    async def done(self, shard: int, kept: Kept) -> None:
        """Takes an effect off its stream."""
        keys = (self._names.stream(shard), self._names.queue(shard, "effects")[1])
        await self._nodes.call(shard, DONE, keys, (kept.id, "", 0))

    async def move(self, shard: int, kept: Kept, queue: str) -> None:
        """Hands an effect over to whoever reads `queue`, as it is."""
        keys = (self._names.stream(shard), self._names.queue(shard, queue)[0])
        await self._nodes.call(shard, MOVE, keys, (kept.id,))

    async def age(self, shard: int, queue: str | None = None) -> int:
        """Ends what lay in a shard's stream for its lifetime, or in the `queue` that it was moved
        to; how many entries."""
        names = self._names
        stream = names.stream(shard) if queue is None else names.queue(shard, queue)[0]
        oldest = round(time.time() * 1000) - self._life
        ended: int = await self._nodes.execute(shard, "XTRIM", stream, "MINID", oldest)
        return ended

    def _kept(self, stream: str, name: str, fields: list[bytes]) -> Kept:
        entry = dict(zip(fields[::2], fields[1::2], strict=True))
        key = entry[b"k"]
        try:
            payload = self._seal.open(entry[b"b"], stream.encode() + key)
        except SealBroken:
            payload = None
        return Kept(name, key, payload)
