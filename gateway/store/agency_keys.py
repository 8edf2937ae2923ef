"""The agencies' keys: a hash of each, what it may do, and when it ends. No key itself is kept."""

from __future__ import annotations

from gateway.store.keys import Names
from gateway.store.nodes import Nodes

_USED = "used:"


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

    async def touch(self, key_id: str, day: int) -> None:
        """The day it was used on lies beside the record: writing it undoes no revocation."""
        await self._nodes.execute(0, "HSET", self._name, _USED + key_id, day)

    async def used(self) -> dict[str, int]:
        """The last day of each key that was ever used."""
        found = await self._every()
        return {n.removeprefix(_USED): int(day) for n, day in found.items() if n.startswith(_USED)}

    async def remove(self, key_id: str) -> None:
        await self._nodes.execute(0, "HDEL", self._name, key_id, _USED + key_id)

    async def all(self) -> dict[str, bytes]:
        found = await self._every()
        return {name: record for name, record in found.items() if not name.startswith(_USED)}

    async def _every(self) -> dict[str, bytes]:
        found = await self._nodes.execute(0, "HGETALL", self._name)
        return {name.decode(): value for name, value in zip(found[::2], found[1::2], strict=True)}
