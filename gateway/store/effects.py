"""The effects that steps left, for the worker to do.

Each shard has one Redis stream. An entry is written in the same function as the step's session,
once for each effect key, sealed like a session.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from gateway.errors import SealBroken
from gateway.store.keys import Names
from gateway.store.library import DONE, DROP_ENTRY, MOVE, TAKE
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

    async def read(
        self, shard: int, *, after: str = "0", count: int = 100, queue: str | None = None
    ) -> list[Kept]:
        """The effects of a shard that come after the entry `after`, oldest first, at most
        `count`; of the `queue` that they were moved to, if that is named. Nothing is taken off.
        Raises StoreUnavailable."""
        stream = self._stream(shard, queue)
        start = "-" if after == "0" else f"({after}"
        found = await self._nodes.execute(shard, "XRANGE", stream, start, "+", "COUNT", count)
        # Moved as they are, they stay sealed under the name of the stream they came from.
        sealed = self._names.stream(shard)
        return [self._kept(sealed, name.decode(), fields) for name, fields in found]

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

    async def restore(self, shard: int, queue: str) -> None:
        """Takes back what was handed over to `queue`, for whoever can do it now."""
        keys = (self._names.queue(shard, queue)[0], self._names.stream(shard))
        for entry, _ in await self._nodes.execute(shard, "XRANGE", keys[0], "-", "+"):
            await self._nodes.call(shard, MOVE, keys, (entry,))

    async def drop(self, shard: int, kept: Kept, *, lease: float, queue: str | None = None) -> bool:
        """Takes an effect off that is not to be done. False if a worker has it in hand, whose
        lease of `lease` seconds is not over."""
        keys = (self._stream(shard, queue),)
        dropped = await self._nodes.call(shard, DROP_ENTRY, keys, (kept.id, round(lease * 1000)))
        return bool(dropped)

    async def age(self, shard: int, queue: str | None = None) -> int:
        """Ends what lay in a shard's stream for its lifetime, or in the `queue` that it was moved
        to; how many entries."""
        stream = self._stream(shard, queue)
        oldest = round(time.time() * 1000) - self._life
        ended: int = await self._nodes.execute(shard, "XTRIM", stream, "MINID", oldest)
        return ended

    def _stream(self, shard: int, queue: str | None) -> str:
        names = self._names
        return names.stream(shard) if queue is None else names.queue(shard, queue)[0]

    def _kept(self, stream: str, name: str, fields: list[bytes]) -> Kept:
        entry = dict(zip(fields[::2], fields[1::2], strict=True))
        key = entry[b"k"]
        try:
            payload = self._seal.open(entry[b"b"], stream.encode() + key)
        except SealBroken:
            payload = None
        return Kept(name, key, payload)
