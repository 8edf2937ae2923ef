"""Effects are promised once they are on the disk."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.store import Store
from gateway.store.address import read
from gateway.store.connection import Connection
from gateway.store.fence import Fence
from tests.conftest import Server
from tests.store.conftest import Launch


async def opened(url: str) -> Connection:
    connection = Connection(read(url))
    await connection.open()
    return connection


def waits(redis: Server) -> int:
    found: Any = redis.admin.info("commandstats")
    return int(found.get("cmdstat_waitaof", {"calls": 0})["calls"])


async def test_those_who_wait_together_share_a_sync(redis: Server) -> None:
    connection = await opened(redis.url)
    fence = Fence(connection, "{00}:fence")
    before = waits(redis)
    await asyncio.gather(*(fence.wait() for _ in range(100)))
    assert waits(redis) - before == 1
    await asyncio.gather(*(fence.wait() for _ in range(100)))
    assert waits(redis) - before == 2
    assert 0 < redis.admin.ttl("{00}:fence") <= 60
    await fence.close()
    await connection.close()


async def test_one_who_comes_during_a_sync_waits_for_the_next(redis: Server) -> None:
    """Her write may have come after that sync began."""
    connection = await opened(redis.url)
    fence = Fence(connection, "{00}:fence")
    await fence.wait()
    before = waits(redis)
    first = asyncio.ensure_future(fence.wait())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.ensure_future(fence.wait())
    await asyncio.gather(first, second)
    assert waits(redis) - before == 2
    await fence.close()
    await connection.close()


async def test_one_who_is_cancelled_stops_no_other(redis: Server) -> None:
    connection = await opened(redis.url)
    fence = Fence(connection, "{00}:fence")
    gone, stays = asyncio.ensure_future(fence.wait()), asyncio.ensure_future(fence.wait())
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    assert gone.cancelled()
    await fence.close()
    await connection.close()


async def test_a_disk_that_does_not_sync_is_told(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`appendfsync no` stands for a disk that takes its time."""
    monkeypatch.setattr("gateway.store.fence.PATIENCE", 0.2)
    server = launch(appendfsync="no")
    connection = await opened(server.url)
    fence = Fence(connection, "fence")
    with pytest.raises(StoreUnavailable, match="did not sync"):
        await fence.wait()
    server.process.kill()
    server.process.wait()
    with pytest.raises(StoreUnavailable):
        await fence.wait()
    await fence.close()
    await connection.close()


async def test_sessions_do_not_wait_and_effects_do(redis: Server, store: Store) -> None:
    citizen = store.names.citizen("+2290197000001")

    async def step(number: int, *, effects: int, durable: bool = True) -> None:
        request = number.to_bytes(16, "big")
        loaded = await store.sessions.load(citizen, request, lease=8.0)
        assert loaded.claim is not None
        await store.sessions.save(
            citizen,
            loaded.claim,
            request=request,
            body=b"",
            ttl=60.0,
            effects=[(n.to_bytes(16, "big"), b"sms") for n in range(effects)],
            durable=durable,
        )

    before = waits(redis)
    await step(1, effects=0)
    assert waits(redis) == before
    await step(2, effects=1)
    assert waits(redis) == before + 1
    await step(3, effects=1)  # nothing new, nothing to wait for
    await step(4, effects=2, durable=False)
    assert waits(redis) == before + 1
