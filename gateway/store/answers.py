"""What slow calls came to, kept until the citizen asks for it, and which are still under way.

A process that calls renews a short lease, so that one which was killed is soon known for it.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.errors import SealBroken
from gateway.store.keys import Citizen, Names
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal

LEASE = 3_000  # milliseconds that a call counts as under way, unless it is renewed
_ASKED = b""  # in place of an answer that is still to come
KEPT = 86_400_000  # milliseconds of an answer: as long as any conversation lasts


class Found(NamedTuple):
    answer: bytes | None
    under_way: bool


class Answers:
    """By the citizen and the call's idempotency key. Raises StoreUnavailable."""

    def __init__(self, nodes: Nodes, names: Names, seal: Seal) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal

    async def find(self, citizen: Citizen, call: bytes) -> Found:
        key, lease = self._names.answer(citizen, call)
        sealed, under_way = await self._nodes.execute(citizen.shard, "MGET", key, lease)
        try:
            answer = self._seal.open(sealed, key.encode()) if sealed else None
        except SealBroken:
            answer = None
        return Found(answer, under_way is not None)

    async def begin(self, citizen: Citizen, call: bytes) -> None:
        """Some process is at it; what an earlier one came to counts no more."""
        key, lease = self._names.answer(citizen, call)
        await self._nodes.execute(citizen.shard, "SET", key, _ASKED, "PX", KEPT)
        await self._nodes.execute(citizen.shard, "SET", lease, "", "PX", LEASE)

    async def renew(self, citizen: Citizen, call: bytes) -> None:
        """It is still at it, unless she was forgotten meanwhile."""
        key, lease = self._names.answer(citizen, call)
        if await self._nodes.execute(citizen.shard, "EXISTS", key):
            await self._nodes.execute(citizen.shard, "SET", lease, "", "PX", LEASE)

    async def put(self, citizen: Citizen, call: bytes, answer: bytes) -> None:
        """Unless she was forgotten since it was asked."""
        key, lease = self._names.answer(citizen, call)
        sealed = self._seal.seal(answer, key.encode())
        await self._nodes.execute(citizen.shard, "SET", key, sealed, "PX", KEPT, "XX")
        await self._nodes.execute(citizen.shard, "DEL", lease)
