"""What citizens think of the services: ratings and comments, of nobody in particular."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from gateway.store import Narrowed, Rating, Store

MOST = 50  # of one page of a list


class Page(msgspec.Struct, frozen=True):
    """`next` is given as `after` for the rest; "" where there is no more."""

    ratings: list[Rating]
    next: str


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
    """Newest first, of all shards. `commented`: only those with a comment; `since` in seconds since
    the epoch. Raises ValueError for an `after` that is none."""
    wanted = Narrowed(agency=agency, services=services, commented=commented)
    found = await store.feedback.listed(wanted, after, most, since=since * 1000)
    ratings = [await store.feedback.read(one) for one in found.ids]
    return Page([rating for rating in ratings if rating is not None], found.next)
