"""The agencies' keys: a hash of each, what it may do, and when it ends. No key itself is kept."""

from __future__ import annotations

from gateway.store.keys import Names
from gateway.store.nodes import Nodes


class AgencyKeys:
    """Records by the key's id; what is in them is the caller's business, save that it is no
    secret."""

    def __init__(self, nodes: Nodes, names: Names) -> None:
        self._nodes = nodes
        self._name = names.agency_keys()

    async def put(self, key_id: str, record: bytes) -> None:
        await self._nodes.execute(0, "HSET", self._name, key_id, record)

    async def get(self, key_id: str) -> bytes | None:
        found: bytes | None = await self._nodes.execute(0, "HGET", self._name, key_id)
        return found

    async def remove(self, key_id: str) -> None:
        await self._nodes.execute(0, "HDEL", self._name, key_id)

    async def all(self) -> dict[str, bytes]:
        found = await self._nodes.execute(0, "HGETALL", self._name)
        return {name.decode(): value for name, value in zip(found[::2], found[1::2], strict=True)}
