"""What back ends answered a citizen lately, for her alone and for a stated time."""

from __future__ import annotations

import time

from gateway.errors import SealBroken
from gateway.store.keys import Citizen, Names
from gateway.store.library import KEEP
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal

_CLOCK = 6  # bytes of the end of a reading's time, milliseconds since the epoch


class Readings:
    """One hash for each citizen and back end, so that all of it can be dropped at once. Raises
    StoreUnavailable."""

    def __init__(self, nodes: Nodes, names: Names, seal: Seal) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal

    async def get(self, citizen: Citizen, backend: str, reading: bytes) -> bytes | None:
        """`reading` is a keyed hash of all that was asked."""
        key = self._names.readings(citizen, backend)
        found = await self._nodes.execute(citizen.shard, "HGET", key, reading)
        if found is None or int.from_bytes(found[:_CLOCK], "big") < time.time() * 1000:
            return None
        try:
            return self._seal.open(found[_CLOCK:], found[:_CLOCK] + key.encode() + reading)
        except SealBroken:
            return None

    async def put(
        self, citizen: Citizen, backend: str, reading: bytes, answer: bytes, *, seconds: float
    ) -> None:
        key = self._names.readings(citizen, backend)
        life = round(seconds * 1000)
        ends = (round(time.time() * 1000) + life).to_bytes(_CLOCK, "big")
        sealed = ends + self._seal.seal(answer, ends + key.encode() + reading)
        await self._nodes.call(citizen.shard, KEEP, (key,), (reading, sealed, life))

    async def drop(self, citizen: Citizen, backend: str) -> None:
        """She changed something there: what was read before is old."""
        await self._nodes.execute(citizen.shard, "DEL", self._names.readings(citizen, backend))
