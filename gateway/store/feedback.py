"""Ratings and comments: records of nobody, and a list of them in each shard."""

from __future__ import annotations

import time
from collections.abc import Collection

import msgspec

from gateway.errors import SealBroken
from gateway.store.callbacks import told
from gateway.store.keys import Names
from gateway.store.library import RATE
from gateway.store.lifetimes import Lifetimes
from gateway.store.lists import Cursor, Listed, merged
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """A rating as it is kept. `comment` is sealed on its way, "" for none (or one that no key
    opens any more). `at` is in milliseconds since the epoch."""

    id: str
    agency: str
    service: str
    step: str
    score: int
    language: str
    channel: str
    operator: str
    at: int
    comment: str = ""

    def __repr__(self) -> str:
        return f"Rating({self.id})"


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of ratings is narrowed to; None lets all through."""

    agency: str | None = None
    services: Collection[str] | None = None
    commented: bool = False

    def __call__(self, words: list[str]) -> bool:
        commented, agency, service = words[1:4]
        return (
            (not self.commented or commented == "1")
            and (self.agency is None or agency.removeprefix("-") == self.agency)
            and (self.services is None or service in self.services)
        )


class Feedback:
    """All ratings. Raises StoreUnavailable."""

    def __init__(self, nodes: Nodes, names: Names, seal: Seal, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._life = round(lifetimes.feedback * 1000)

    async def put(self, rating: Rating) -> bool:
        """Whether it is new. One that is there only takes over the comment."""
        shard = self._names.shard_of(rating.id) or 0
        record, ratings = self._record(shard, rating.id), self._list(shard)
        sealed = (
            self._seal.seal(rating.comment.encode(), record.encode()) if rating.comment else b""
        )
        new: int = await self._nodes.call(
            shard,
            RATE,
            (record, ratings),
            (
                rating.id,
                rating.at,
                self._life,
                sealed,
                f"{rating.agency or '-'} {rating.service}",
                self._names.tag(shard),
                told(rating.id, rating.agency, "feedback.received", rating.at // 1000),
                *("a", rating.agency, "v", rating.service, "p", rating.step, "r", rating.score),
                *("l", rating.language, "c", rating.channel, "o", rating.operator),
            ),
        )
        return bool(new)

    async def read(self, rating_id: str) -> Rating | None:
        shard = self._names.shard_of(rating_id)
        if shard is None:
            return None
        record = self._record(shard, rating_id)
        fields = await self._nodes.execute(shard, "HGETALL", record)
        if not fields:
            return None
        kept = {name.decode(): value for name, value in zip(fields[::2], fields[1::2], strict=True)}
        return Rating(
            id=rating_id,
            agency=kept["a"].decode(),
            service=kept["v"].decode(),
            step=kept["p"].decode(),
            score=int(kept["r"]),
            language=kept["l"].decode(),
            channel=kept["c"].decode(),
            operator=kept["o"].decode(),
            at=int(kept["t"]),
            comment=self._comment(kept.get("b"), record),
        )

    async def listed(self, wanted: Narrowed, after: str, most: int, *, since: int = 0) -> Listed:
        """Ids over all shards, newest first; `since` in milliseconds. Raises ValueError for what
        is no cursor."""
        keys = [(shard, self._list(shard)) for shard in range(self._names.shards)]
        return await merged(
            self._nodes, keys, wanted, Cursor.read(after), most, newest=True, least=since
        )

    async def trim(self, shard: int) -> None:
        """Those whose record Redis has ended leave the list."""
        oldest = round(time.time() * 1000) - self._life
        await self._nodes.execute(shard, "ZREMRANGEBYSCORE", self._list(shard), "-inf", oldest)

    def _record(self, shard: int, rating_id: str) -> str:
        return f"{self._names.tag(shard)}fb:{rating_id}"

    def _list(self, shard: int) -> str:
        return f"{self._names.tag(shard)}fb"

    def _comment(self, sealed: bytes | None, record: str) -> str:
        try:
            return "" if sealed is None else self._seal.open(sealed, record.encode()).decode()
        except SealBroken:
            return ""
