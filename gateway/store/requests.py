"""Agencies' requests that carry an Idempotency-Key: the same again, and its answer.

The claim comes before what the request does, which is made so that doing it again changes
nothing; a crash between the two is completed by the repeat.
"""

from __future__ import annotations

import hmac

import msgspec

from gateway.errors import SealBroken
from gateway.store.keys import Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal

_DIGEST = 16


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """`other`: the key was used with another body. `answer` is None until `answered` was called."""

    other: bool
    answer: bytes | None = None


class Requests:
    def __init__(self, nodes: Nodes, names: Names, seal: Seal, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._life = round(lifetimes.requests * 1000)
        self._filed_life = round(lifetimes.messages * 1000)

    async def claim(self, agency: str, key: str, body: bytes) -> Claimed:
        """`body` is whatever makes two requests the same one."""
        shard, name = self._names.request(agency, key)
        ours = self._names.digest("body", body)
        found = await self._nodes.execute(shard, "SET", name, ours, "PX", self._life, "NX", "GET")
        return Claimed(other=False) if found is None else self._read(found, name, ours)

    async def known(self, agency: str, key: str, body: bytes) -> Claimed | None:
        """What `claim` would find, without claiming: a request that is refused keeps no key."""
        shard, name = self._names.request(agency, key)
        found = await self._nodes.execute(shard, "GET", name)
        if found is None:
            return None
        return self._read(found, name, self._names.digest("body", body))

    def _read(self, found: bytes, name: str, ours: bytes) -> Claimed:
        if not hmac.compare_digest(found[:_DIGEST], ours):
            return Claimed(other=True)
        sealed = found[_DIGEST:]
        try:
            answer = self._seal.open(sealed, name.encode()) if sealed else None
        except SealBroken:
            answer = None  # done again, which changes nothing, and answered anew
        return Claimed(other=False, answer=answer)

    async def answered(self, agency: str, key: str, body: bytes, answer: bytes) -> None:
        """What the same request is to be answered from now on."""
        shard, name = self._names.request(agency, key)
        value = self._names.digest("body", body) + self._seal.seal(answer, name.encode())
        await self._nodes.execute(shard, "SET", name, value, "PX", self._life)

    async def answer(self, shard: int, name: str) -> bytes | None:
        """What was answered to the request of that key's name."""
        found = await self._nodes.execute(shard, "GET", name)
        sealed = b"" if found is None else found[_DIGEST:]
        try:
            return self._seal.open(sealed, name.encode()) if sealed else None
        except SealBroken:
            return None

    async def amend(self, shard: int, name: str, answer: bytes) -> None:
        """Another answer to the request of that key's name, for what is left of its life."""
        found = await self._nodes.execute(shard, "GET", name)
        if found is not None:
            value = found[:_DIGEST] + self._seal.seal(answer, name.encode())
            await self._nodes.execute(shard, "SET", name, value, "XX", "KEEPTTL")

    # ---- messages by reference -------------------------------------------------------

    async def file(self, agency: str, reference: str, message_id: str, at: int) -> None:
        """Puts a message under its agency's reference; `at` in milliseconds, for the order."""
        shard, name = self._names.reference(agency, reference)
        await self._nodes.execute(shard, "ZADD", name, at, message_id)
        await self._nodes.execute(shard, "PEXPIRE", name, self._filed_life)

    async def filed(self, agency: str, reference: str, most: int = 100) -> list[str]:
        """The newest messages under a reference, newest first."""
        shard, name = self._names.reference(agency, reference)
        found = await self._nodes.execute(shard, "ZREVRANGE", name, 0, most - 1)
        return [message_id.decode() for message_id in found]
