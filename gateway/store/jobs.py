"""Long work in pieces: a batch of an agency's messages, an update to all who follow a case.

A job has a record, which tells how far it is, and pieces, each sealed and dropped once it is
done. Doing a piece twice must change nothing; then a worker that is killed loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.errors import SealBroken
from gateway.store.fence import Durability
from gateway.store.keys import Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.queues import Queue
from gateway.store.seal import Seal


class Jobs:
    """`queue` holds the ids of jobs to be gone on with, in the shard of each id."""

    def __init__(
        self,
        nodes: Nodes,
        names: Names,
        seal: Seal,
        durability: Durability,
        lifetimes: Lifetimes,
    ) -> None:
        self.queue = Queue(nodes, names, "jobs")
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._durability = durability
        self._life = round(lifetimes.jobs * 1000)
        self._pieces_life = round(lifetimes.pieces * 1000)

    async def put(self, job_id: str, fields: Mapping[str, str], pieces: Sequence[bytes]) -> bool:
        """Begins a job; on the server's disk when this returns, where that can be known. False
        if there is one of this id already, which is left as it is. Raises StoreUnavailable: it
        can be called again."""
        shard, name = self._names.job(job_id)
        execute = self._nodes.execute
        for number, piece in enumerate(pieces):
            key = f"{name}:{number}"
            sealed = self._seal.seal(piece, key.encode())
            await execute(shard, "SET", key, sealed, "PX", self._pieces_life, "NX")
        new = await execute(shard, "HSETNX", name, "pieces", len(pieces))
        # Up to here a crash has begun nothing, and after it the repeat completes what is missing:
        # a job that stands in the queue twice is done once.
        if not await execute(shard, "HEXISTS", name, "queued"):
            flat = [part for pair in fields.items() for part in pair]
            await execute(shard, "HSETNX", name, "done", 0)
            await execute(shard, "HSET", name, *flat)
            await execute(shard, "PEXPIRE", name, self._life)
            await self.queue.add(shard, job_id.encode())
            await execute(shard, "HSET", name, "queued", 1)
        await self._durability.wait(shard)
        return bool(new)

    async def read(self, job_id: str) -> dict[str, str] | None:
        """Its fields, `pieces` and `done` among them; None if there is none."""
        if self._names.shard_of(job_id) is None:
            return None
        shard, name = self._names.job(job_id)
        found = await self._nodes.execute(shard, "HGETALL", name)
        pairs = zip(found[::2], found[1::2], strict=True)
        return {key.decode(): value.decode() for key, value in pairs} or None

    async def piece(self, job_id: str, number: int) -> bytes | None:
        shard, name = self._names.job(job_id)
        key = f"{name}:{number}"
        sealed = await self._nodes.execute(shard, "GET", key)
        try:
            return None if sealed is None else self._seal.open(sealed, key.encode())
        except SealBroken:
            return None

    async def rewrite(self, job_id: str, number: int, piece: bytes) -> None:
        """Puts another piece in the place of one that is not done yet."""
        shard, name = self._names.job(job_id)
        key = f"{name}:{number}"
        sealed = self._seal.seal(piece, key.encode())
        await self._nodes.execute(shard, "SET", key, sealed, "XX", "KEEPTTL")

    async def advance(self, job_id: str, number: int, fields: Mapping[str, str]) -> None:
        """The piece `number` is done, with these fields; it is dropped."""
        shard, name = self._names.job(job_id)
        flat = [part for pair in fields.items() for part in pair]
        await self._nodes.execute(shard, "HSET", name, "done", number + 1, *flat)
        await self._nodes.execute(shard, "DEL", f"{name}:{number}")
