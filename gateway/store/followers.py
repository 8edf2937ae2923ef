"""Who follows which case of which agency.

Followers of a case lie in the shards of their numbers, so its updates are sent shard by shard. A
follower is sealed; the case has no name but a keyed hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import SealBroken
from gateway.store.keys import Citizen, Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal


@dataclass(frozen=True, slots=True)
class Follower:
    """`payload` is what `follow` was given; None if the key that sealed it is not held."""

    citizen: Citizen
    payload: bytes | None = field(repr=False)


class Followers:
    def __init__(self, nodes: Nodes, names: Names, seal: Seal, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._life = round(lifetimes.followers * 1000)  # since somebody last began to follow

    async def follow(self, citizen: Citizen, agency: str, reference: str, payload: bytes) -> None:
        """From now on; a second time changes only the payload."""
        case = self._names.case(agency, reference)
        key, hers = self._names.followers(citizen.shard, case), self._names.followed(citizen)
        sealed = self._seal.seal(payload, key.encode() + citizen.digest.encode())
        shard, execute = citizen.shard, self._nodes.execute
        await execute(shard, "HSET", key, citizen.digest, sealed)
        await execute(shard, "PEXPIRE", key, self._life)
        await execute(shard, "SADD", hers, case)
        await execute(shard, "PEXPIRE", hers, self._life)

    async def unfollow(self, citizen: Citizen, agency: str, reference: str) -> bool:
        """Whether she followed it."""
        case = self._names.case(agency, reference)
        key = self._names.followers(citizen.shard, case)
        removed = await self._nodes.execute(citizen.shard, "HDEL", key, citizen.digest)
        await self._nodes.execute(citizen.shard, "SREM", self._names.followed(citizen), case)
        return bool(removed)

    async def follows(self, citizen: Citizen, agency: str, reference: str) -> bool:
        key = self._names.followers(citizen.shard, self._names.case(agency, reference))
        return bool(await self._nodes.execute(citizen.shard, "HEXISTS", key, citizen.digest))

    async def of(self, shard: int, agency: str, reference: str) -> list[Follower]:
        """All of one shard."""
        key = self._names.followers(shard, self._names.case(agency, reference))
        found = await self._nodes.execute(shard, "HGETALL", key)
        followers = []
        for digest, sealed in zip(found[::2], found[1::2], strict=True):
            citizen = Citizen(shard, digest.decode())
            followers.append(Follower(citizen, self._opened(sealed, key.encode() + digest)))
        return followers

    async def close(self, shard: int, agency: str, reference: str) -> int:
        """A case that has ended is followed by nobody in this shard any more; how many did."""
        case = self._names.case(agency, reference)
        key = self._names.followers(shard, case)
        digests = await self._nodes.execute(shard, "HKEYS", key)
        for digest in digests:
            hers = self._names.followed(Citizen(shard, digest.decode()))
            await self._nodes.execute(shard, "SREM", hers, case)
        await self._nodes.execute(shard, "DEL", key)
        return len(digests)

    def _opened(self, sealed: bytes, aad: bytes) -> bytes | None:
        try:
            return self._seal.open(sealed, aad)
        except SealBroken:
            return None
