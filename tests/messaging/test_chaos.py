"""Workers and Redis killed at random moments: `make chaos` does so for longer."""

from __future__ import annotations

import time

import pytest

from tests.messaging.chaos import run

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "redis_kills"), [("africastalking", 0), ("africastalking", 3), ("infobip", 3)]
)
async def test_nothing_is_lost_and_nothing_held_is_sent_twice(kind: str, redis_kills: int) -> None:
    seed = int(time.time()) % 10**6
    books = await run(messages=250, kills=9, redis_kills=redis_kills, seed=seed, kind=kind)
    told = f"seed {seed}: {books}"
    assert not books.lost, told
    assert not books.held_twice, told
    assert not books.stuck, told
    assert not books.unheard, told
    assert not books.queued, told
    assert books.kills == 9
