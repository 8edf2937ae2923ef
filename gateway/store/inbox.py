"""What simulated phones received: a demo's handsets have no other memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import SealBroken
from gateway.store.keys import Citizen, Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal

MOST = 20


@dataclass(frozen=True, slots=True)
class Received:
    """`id` is the stream's, milliseconds and a number, ascending."""

    id: str
    payload: bytes = field(repr=False)


class Inbox:
    def __init__(self, nodes: Nodes, names: Names, seal: Seal, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._life = round(lifetimes.inbox * 1000)

    async def put(self, citizen: Citizen, payload: bytes) -> None:
        key = self._names.inbox(citizen)
        sealed = self._seal.seal(payload, key.encode())
        execute = self._nodes.execute
        await execute(citizen.shard, "XADD", key, "MAXLEN", MOST, "*", "b", sealed)
        await execute(citizen.shard, "PEXPIRE", key, self._life)

    async def read(self, citizen: Citizen) -> list[Received]:
        """The newest, oldest of them first."""
        key = self._names.inbox(citizen)
        found = await self._nodes.execute(citizen.shard, "XRANGE", key, "-", "+")
        received = []
        for name, fields in found:
            try:
                received.append(Received(name.decode(), self._seal.open(fields[1], key.encode())))
            except SealBroken:
                continue
        return received
