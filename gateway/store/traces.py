"""Everything there is, looked through: for what must be found without knowing its name.

A citizen's own keys are known by her digest, and others lead to what is hers. Looking through all
of Redis takes it in slices, so that nobody else waits.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection

import msgspec

from gateway.store.keys import Citizen, Names
from gateway.store.nodes import Nodes

SLICE = 500  # names that are looked at in one go

_NAME = re.compile(r"\{(\d{2,})\}:([a-z-]+)(?::(.*))?", re.DOTALL)


class Trace(msgspec.Struct, frozen=True, gc=False):
    """A key: its shard, its kind (the word behind the shard) and what follows."""

    shard: int
    kind: str
    rest: str
    name: str


class Traces:
    def __init__(self, nodes: Nodes, names: Names) -> None:
        self._nodes = nodes
        self._names = names

    async def scan(self) -> AsyncIterator[list[Trace]]:
        """Every key of every node, in slices. One may come twice; one that is there from the
        beginning to the end is never left out. Raises StoreUnavailable."""
        for shard in await self._one_of_each_node():
            cursor = b"0"
            while True:
                cursor, found = await self._nodes.execute(shard, "SCAN", cursor, "COUNT", SLICE)
                yield [trace for name in found if (trace := _read(name)) is not None]
                if cursor == b"0":
                    break

    async def drop(self, trace: Trace) -> bool:
        """Whether it was there."""
        return bool(await self._nodes.execute(trace.shard, "UNLINK", trace.name))

    async def value(self, trace: Trace) -> bytes | None:
        """Of a key that holds one value."""
        found: bytes | None = await self._nodes.execute(trace.shard, "GET", trace.name)
        return found

    async def unfollow(self, trace: Trace, citizen: Citizen) -> bool:
        """Of the followers of a case: she is none any more. Whether she was."""
        return bool(await self._nodes.execute(trace.shard, "HDEL", trace.name, citizen.digest))

    async def unfile(self, trace: Trace, message_ids: Collection[str]) -> int:
        """Of an agency's reference: it leads to these messages no more. How many it led to."""
        return int(await self._nodes.execute(trace.shard, "ZREM", trace.name, *message_ids))

    async def _one_of_each_node(self) -> list[int]:
        """Scanning names no key, so that no node would say that a shard is elsewhere: each is
        asked for a key first."""
        shards = {}
        for shard in range(self._names.shards):
            await self._nodes.execute(shard, "EXISTS", self._names.stream(shard))
            shards[id(self._nodes.of(shard))] = shard
        return list(shards.values())


def bound_to(citizen: Citizen) -> bytes:
    """What a provider's session of hers is bound to."""
    return f"{citizen.shard}:{citizen.digest}".encode()


def _read(name: bytes) -> Trace | None:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return None  # somebody else's, in the same Redis
    found = _NAME.fullmatch(text)
    return None if found is None else Trace(int(found[1]), found[2], found[3] or "", text)
