"""Effects are promised once they are on the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import StoreUnavailable
from gateway.store import Store, open_store
from gateway.store.address import read
from gateway.store.connection import Connection
from gateway.store.embedded import Embedded
from gateway.store.fence import KEPT, Fence, OwnDisk, Word
from tests.conftest import NAME_KEY, SECRET_KEY, Server
from tests.store.conftest import Launch, served


class Disk:
    """A disk whose syncs the test lets end, one by one."""

    def __init__(self) -> None:
        self.began = 0
        self.busy = asyncio.Event()
        self.go = asyncio.Semaphore(0)

    async def sync(self) -> None:
        self.began += 1
        self.busy.set()
        await self.go.acquire()


async def test_those_who_wait_together_share_a_sync() -> None:
    disk = Disk()
    fence = Fence(disk.sync)
    disk.go.release()
    await asyncio.gather(*(fence.wait() for _ in range(100)))
    assert disk.began == 1
    await fence.close()


async def test_one_who_comes_during_a_sync_waits_for_the_next() -> None:
    """Her write may have come after that sync began."""
    disk = Disk()
    fence = Fence(disk.sync)
    first = asyncio.ensure_future(fence.wait())
    await disk.busy.wait()
    second = asyncio.ensure_future(fence.wait())
    disk.go.release()
    await first
    assert not second.done()
    disk.go.release()
    await second
    assert disk.began == 2
    await fence.close()


async def test_one_who_is_cancelled_stops_no_other() -> None:
    disk = Disk()
    fence = Fence(disk.sync)
    gone, stays = asyncio.ensure_future(fence.wait()), asyncio.ensure_future(fence.wait())
    await asyncio.sleep(0)
    gone.cancel()
    disk.go.release()
    await stays
    assert gone.cancelled()
    await fence.close()


async def test_closing_waits_for_the_sync_under_way() -> None:
    disk = Disk()
    fence = Fence(disk.sync)
    waiting = asyncio.ensure_future(fence.wait())
    await disk.busy.wait()
    disk.go.release()
    await fence.close()
    await waiting
    assert disk.began == 1


async def opened(url: str, **more: float) -> Connection:
    connection = Connection(read(url), **more)  # type: ignore[arg-type]
    await connection.open()
    return connection


async def test_a_disk_that_does_not_sync_is_told(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`appendfsync no` stands for a disk that takes its time; then the server is gone."""
    monkeypatch.setattr("gateway.store.fence.PATIENCE", 0.2)
    server = launch(appendfsync="no")
    connection = await opened(server.url, deadline=0.3)
    word = Word(connection, "fence")
    fence = Fence(word.sync)
    gone = asyncio.ensure_future(fence.wait())
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(StoreUnavailable, match="did not sync"):
        await fence.wait()
    assert 0 < int(server.ask("TTL", "fence")) <= 60
    server.process.kill()
    server.process.wait()
    with pytest.raises(StoreUnavailable):
        await fence.wait()
    await word.close()
    await fence.close()
    await connection.close()


@pytest.mark.parametrize(("pause", "doubtful"), [(0.0, True), (1.0, False)])
async def test_a_word_that_comes_too_often_is_doubted(pause: float, doubtful: bool) -> None:
    """With everysec no server can have synced twice within a second."""

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"$7\r\nWAITAOF\r\n"):
            await asyncio.sleep(pause)
            writer.write(b"+OK\r\n*2\r\n:1\r\n:0\r\n")

    async with served(answers) as address:
        connection = await opened(f"redis://127.0.0.1:{address.port}")
        word = Word(connection, "fence")
        await word.sync()
        assert not word.doubtful
        await word.sync()
        assert word.doubtful is doubtful
        await word.close()
        await connection.close()


async def step(store: Store, number: int, *, effects: int, durable: bool = True) -> None:
    citizen = store.names.citizen("+2290197000001")
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


def waits(redis: Server) -> int:
    found: Any = redis.admin.info("commandstats")
    return int(found.get("cmdstat_waitaof", {"calls": 0})["calls"])


async def test_sessions_do_not_wait_and_effects_do(redis: Server, store: Store) -> None:
    before = waits(redis)
    await step(store, 1, effects=0)
    assert waits(redis) == before
    await step(store, 2, effects=1)
    assert waits(redis) == before + 1
    await step(store, 3, effects=2, durable=False)
    assert waits(redis) == before + 1
    await step(store, 4, effects=2)  # not new, but perhaps not on disk yet
    assert waits(redis) == before + 2
    promise = (await store.ready()).detail["durability"]
    assert promise == KEPT or "one second" in promise


async def test_with_appendfsync_always_nobody_is_asked(launch: Launch) -> None:
    server = launch(appendfsync="always")
    store = await open_store(redis_url=server.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY)
    await step(store, 1, effects=1)
    stats: Any = server.ask("INFO", "commandstats")
    assert "cmdstat_waitaof" not in stats
    assert "before it is answered" in (await store.ready()).detail["durability"]
    await store.close()


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"appendonly": "no"}, "nothing is kept"), ({"appendfsync": "no"}, "may be lost")],
)
async def test_a_server_for_trials_is_not_asked_for_what_it_cannot_do(
    launch: Launch, settings: dict[str, str], told: str
) -> None:
    """The effect is accepted, and readiness promises nothing of it."""
    server = launch(**settings)
    store = await open_store(
        redis_url=server.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY, allow_unfit=True
    )
    await step(store, 1, effects=1)
    stats: Any = server.ask("INFO", "commandstats")
    assert "cmdstat_waitaof" not in stats
    assert told in (await store.ready()).detail["durability"]
    await store.close()


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(data=tmp_path / "data")
    yield store
    await store.close()


async def test_an_embedded_servers_file_is_synced_by_us(
    embedded: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what the effect wrote is in it by then."""
    found: list[bytes] = []

    def watch(descriptor: int) -> None:
        found.append(os.pread(descriptor, 1 << 20, 0))

    monkeypatch.setattr(os, "fdatasync", watch)
    await step(embedded, 1, effects=0)
    assert found == []
    await step(embedded, 2, effects=1)
    assert len(found) == 1
    assert b"XADD" in found[0]
    assert (await embedded.ready()).detail["durability"] == KEPT


async def test_a_disk_that_fails_is_told(embedded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", broken)
    with pytest.raises(StoreUnavailable, match="cannot be synced"):
        await step(embedded, 1, effects=1)


@pytest.mark.parametrize(
    ("sizes", "synced"),
    [
        ([(100, 20), (110, 10), (120, 5)], True),
        ([(100, 20), (10, 20), (30, 5)], True),  # rewritten meanwhile
        ([(100, 20)], False),
    ],
)
async def test_what_the_server_still_holds_in_its_buffer_is_waited_for(
    sizes: list[tuple[int, int]], synced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose own sync is under way answers before it writes."""
    monkeypatch.setattr("gateway.store.fence.PATIENCE", 0.3)
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "a.incr.aof").write_bytes(b"")
    calls: list[int] = []
    monkeypatch.setattr(os, "fdatasync", calls.append)
    left = list(sizes)

    async def writes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"persistence\r\n"):
            assert not calls
            written, buffered = left.pop(0) if len(left) > 1 else left[0]
            info = b"aof_current_size:%d\r\naof_buffer_length:%d\r\n" % (written, buffered)
            writer.write(b"$%d\r\n%s\r\n" % (len(info), info))

    async with served(writes) as address:
        connection = await opened(f"redis://127.0.0.1:{address.port}")
        disk = OwnDisk(connection, Embedded(tmp_path))
        if synced:
            await disk.sync()
        else:
            with pytest.raises(StoreUnavailable, match="does not write"):
                await disk.sync()
        assert len(calls) == int(synced)
        await connection.close()
