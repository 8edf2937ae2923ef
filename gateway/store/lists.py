"""Lists that lie in all shards, read as one: page by page, in the order of their scores."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gateway.store.nodes import Nodes

_SLICE = 200  # members of a shard that are looked at in one go
_WRITTEN = re.compile(r"([0-9]{1,16})-([a-z2-7]{26})")


class Cursor(NamedTuple):
    """The place behind the last one that was read."""

    score: int
    id: str

    @classmethod
    def read(cls, written: str) -> Cursor | None:
        """None for "", the beginning. Raises ValueError."""
        if not written:
            return None
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ValueError("this is no cursor of a list")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.score}-{self.id}"


class Listed(NamedTuple):
    """`next` is the cursor of what follows, "" where nothing does."""

    ids: list[str]
    next: str


async def merged(
    nodes: Nodes,
    keys: Sequence[tuple[int, str]],
    wanted: Callable[[list[str]], bool],
    after: Cursor | None,
    most: int,
    *,
    newest: bool,
    least: int = 0,
) -> Listed:
    """The first `most` ids of sorted sets, each with its shard, whose members are wanted: lowest
    score first, or with `newest` the highest. None is scored below `least`. A member's first word
    is its id, so that Redis orders those of one score by their ids."""
    found = await asyncio.gather(
        *(_first(nodes, *key, wanted, after, most + 1, newest, least) for key in keys)
    )
    pick = heapq.nlargest if newest else heapq.nsmallest
    best = pick(most + 1, (cursor for cursors in found for cursor in cursors))
    kept = best[:most]
    return Listed([one.id for one in kept], str(kept[-1]) if len(best) > most else "")


async def _first(
    nodes: Nodes,
    shard: int,
    key: str,
    wanted: Callable[[list[str]], bool],
    after: Cursor | None,
    most: int,
    newest: bool,
    least: int,
) -> list[Cursor]:
    start: int | str = after.score if after is not None else ("+inf" if newest else least)
    bounds = (start, least) if newest else (start, "+inf")
    command = "ZREVRANGEBYSCORE" if newest else "ZRANGEBYSCORE"
    found: list[Cursor] = []
    for offset in itertools.count(0, _SLICE):
        got = await nodes.execute(
            shard, command, key, *bounds, "WITHSCORES", "LIMIT", offset, _SLICE
        )
        for member, score in zip(got[::2], got[1::2], strict=True):
            words = member.decode().split(" ")
            cursor = Cursor(int(score), words[0])
            passed = after is not None and (cursor >= after if newest else cursor <= after)
            if not passed and wanted(words):
                found.append(cursor)
        if len(got) < 2 * _SLICE or len(found) >= most:
            break
    return found
