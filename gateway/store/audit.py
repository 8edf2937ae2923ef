"""Who did what at the desk or through the API, with whose data: kept for its lifetime."""

from __future__ import annotations

import time

import msgspec

from gateway.store.keys import Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes


class Deed(msgspec.Struct, frozen=True, gc=False):
    """`id` is the stream's; `about` names a record, never a person."""

    id: str
    at: float  # seconds since the epoch
    who: str
    what: str  # a stable code: "number-shown"
    about: str


class Audit:
    """One stream for all, in shard 0. Old deeds go as new ones come."""

    def __init__(self, nodes: Nodes, names: Names, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._name = names.audit()
        self._life = round(lifetimes.audit * 1000)

    async def write(self, who: str, what: str, about: str = "") -> None:
        oldest = round(time.time() * 1000) - self._life
        fields = ("w", who, "d", what, "a", about)
        await self._nodes.execute(0, "XADD", self._name, "MINID", "~", oldest, "*", *fields)

    async def trim(self) -> None:
        """What is older than its lifetime goes, though nothing new comes."""
        oldest = round(time.time() * 1000) - self._life
        await self._nodes.execute(0, "XTRIM", self._name, "MINID", oldest)

    async def read(self, *, before: str = "+", most: int = 100) -> list[Deed]:
        """Newest first. `before`: the id of the last one that was read."""
        end = before if before == "+" else f"({before}"
        found = await self._nodes.execute(0, "XREVRANGE", self._name, end, "-", "COUNT", most)
        return [_deed(entry.decode(), fields) for entry, fields in found]


def _deed(entry: str, fields: list[bytes]) -> Deed:
    kept = {k.decode(): v.decode() for k, v in zip(fields[::2], fields[1::2], strict=True)}
    return Deed(entry, int(entry.partition("-")[0]) / 1000, kept["w"], kept["d"], kept["a"])
