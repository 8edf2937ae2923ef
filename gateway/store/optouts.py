"""Stop words: which citizen wants no messages from which sender. They hold until taken back."""

from __future__ import annotations

from gateway.store.fence import Durability
from gateway.store.keys import Citizen, Names
from gateway.store.nodes import Nodes


class OptOuts:
    def __init__(self, nodes: Nodes, names: Names, durability: Durability) -> None:
        self._nodes = nodes
        self._names = names
        self._durability = durability

    async def stop(self, citizen: Citizen, sender: str) -> None:
        """On the server's disk when this returns, where that can be known."""
        # Whose it is, so that it can be found again without the sender.
        key = self._names.stop_word(citizen, sender)
        await self._nodes.execute(citizen.shard, "SET", key, citizen.digest)
        await self._durability.wait(citizen.shard)

    async def start(self, citizen: Citizen, sender: str) -> None:
        await self._nodes.execute(citizen.shard, "DEL", self._names.stop_word(citizen, sender))
        await self._durability.wait(citizen.shard)

    async def stopped(self, citizen: Citizen, sender: str) -> bool:
        key = self._names.stop_word(citizen, sender)
        return bool(await self._nodes.execute(citizen.shard, "EXISTS", key))
