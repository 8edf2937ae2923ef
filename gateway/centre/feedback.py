"""What citizens think of the services: ratings and comments, of nobody in particular."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from gateway.messaging.orders import Order
from gateway.store import Kept, Store

MOST = 50  # of one page of a list


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """A rating, kept without number or conversation. `at` is in seconds since the epoch."""

    id: str
    agency: str
    service: str
    step: str  # the part of the service, and what was asked there
    score: int  # 1 to 5
    language: str
    channel: str
    operator: str
    at: int
    comment: str

    def __repr__(self) -> str:
        return f"Opinion({self.id})"


class Page(msgspec.Struct, frozen=True):
    """`next` is given as `after` for the rest; "" where there is no more."""

    opinions: list[Opinion]
    next: str


async def keep(store: Store, shard: int, kept: Kept, order: Order) -> None:
    """Keeps a rating, or the comment that follows one under the same id. Done twice it is the
    same."""
    raise NotImplementedError


async def listed(
    store: Store,
    *,
    agency: str | None = None,
    services: Collection[str] | None = None,
    commented: bool = False,
    since: int = 0,
    after: str = "",
    most: int = MOST,
) -> Page:
    """Newest first, of all shards. `commented`: only those with a comment."""
    raise NotImplementedError
