"""Redis away: killed, hanging, full, emptied. The store says so in time and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from gateway.errors import StoreUnavailable
from gateway.store import State, Store, open_store
from gateway.store.embedded import Embedded
from tests.conftest import NAME_KEY, SECRET_KEY
from tests.store.conftest import Launch
from tests.store.peer import PHONE, load, save

DEADLINE = 0.4


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops: what happens when a socket ends is for each to decide."""
    return "asyncio", {"use_uvloop": request.param}


class Outage:
    """A store on a server of its own, by URL, and a hand on that server."""

    def __init__(self, data: Path) -> None:
        self.embedded = Embedded(data)
        self.embedded.attach()
        self.socket = self.embedded.socket()
        self.store: Store

    async def open(self) -> None:
        self.store = await open_store(
            redis_url=f"unix://{self.socket}",
            secret_keys=[SECRET_KEY],
            name_key=NAME_KEY,
            deadline=DEADLINE,
        )

    def admin(self) -> Redis:
        return Redis(unix_socket_path=str(self.socket))

    def signal(self, number: signal.Signals) -> None:
        admin = self.admin()
        info: Any = admin.info("server")
        admin.close()
        self.process = int(info["process_id"])
        os.kill(self.process, number)

    async def eventually_free(self) -> str:
        """What the citizen's session says once the claim of a dropped step was given back."""
        for _ in range(100):
            found = await load(self.store)
            if found != "busy":
                return found
            await asyncio.sleep(0.01)
        raise AssertionError("the claim was not given back")

    async def eventually_loads(self) -> str:
        """What the citizen's session says once Redis is there again."""
        for _ in range(200):
            try:
                return await load(self.store)
            except StoreUnavailable:
                await asyncio.sleep(0.02)
        raise AssertionError("the store did not come back")


@pytest.fixture
async def outage(tmp_path: Path) -> AsyncIterator[Outage]:
    one = Outage(tmp_path / "data")
    await one.open()
    yield one
    await one.store.close()
    one.embedded.leave()


async def seconds_until_refused(store: Store) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(StoreUnavailable):
        await load(store)
    return loop.time() - began


async def test_a_killed_server_is_told_in_time_and_found_again(outage: Outage) -> None:
    assert await save(outage.store, "one") == "saved"
    outage.signal(signal.SIGKILL)
    for _ in range(3):
        assert await seconds_until_refused(outage.store) < DEADLINE + 0.3
    assert not (await outage.store.ready()).ok
    await asyncio.to_thread(outage.embedded.socket)
    assert await outage.eventually_loads() == "open one"
    assert (await outage.store.ready()).ok


async def test_a_short_absence_is_waited_for(outage: Outage) -> None:
    """A server that restarts within the deadline costs nobody an answer."""
    await save(outage.store, "one")
    outage.signal(signal.SIGKILL)
    with pytest.raises(StoreUnavailable):  # the deadline's clock starts when the break is seen
        await load(outage.store)
    found, _ = await asyncio.gather(
        outage.eventually_loads(), asyncio.to_thread(outage.embedded.socket)
    )
    assert found == "open one"


async def test_a_hanging_server_is_told_in_time_and_found_again(outage: Outage) -> None:
    await save(outage.store, "one")
    outage.signal(signal.SIGSTOP)
    try:
        assert await seconds_until_refused(outage.store) < DEADLINE + 0.3
        assert await seconds_until_refused(outage.store) < DEADLINE + 0.3
        readiness = await outage.store.ready()
        assert not readiness.ok
        assert "redis" in readiness.detail
    finally:
        os.kill(outage.process, signal.SIGCONT)
    assert await outage.eventually_loads() in ("open one", "busy")


async def test_many_citizens_at_a_hanging_server_all_hear_in_time(outage: Outage) -> None:
    outage.signal(signal.SIGSTOP)
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        results = await asyncio.gather(
            *(load(outage.store) for _ in range(500)), return_exceptions=True
        )
    finally:
        os.kill(outage.process, signal.SIGCONT)
    assert all(isinstance(result, StoreUnavailable) for result in results)
    assert loop.time() - began < DEADLINE + 0.5


async def test_functions_that_were_lost_are_loaded_again(outage: Outage) -> None:
    """As after a failover to a server that never had them; many find so at the same time."""
    await save(outage.store, "one")
    admin = outage.admin()
    admin.function_flush("SYNC")
    admin.close()
    assert await load(outage.store) == "open one"
    admin = outage.admin()
    admin.function_flush("SYNC")
    admin.close()
    citizens = [outage.store.names.citizen(f"+22901980{n:05}") for n in range(50)]
    found = await asyncio.gather(
        *(outage.store.sessions.load(c, bytes(range(16)), lease=8.0) for c in citizens)
    )
    assert {loaded.state for loaded in found} == {State.FRESH}


async def test_a_full_server_is_unavailable_and_claims_can_be_given_back(
    outage: Outage,
) -> None:
    """noeviction: writing is refused, nothing is thrown away."""
    await save(outage.store, "one")
    citizen = outage.store.names.citizen(PHONE)
    claimed = await outage.store.sessions.load(citizen, bytes(range(16)), lease=8.0)
    assert claimed.claim is not None
    admin = outage.admin()
    admin.config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable, match="OOM"):
        await load(outage.store)
    await outage.store.sessions.release(citizen, claimed.claim)
    admin.config_set("maxmemory", "0")
    admin.close()
    assert await load(outage.store) == "open one"


async def test_a_claim_lost_with_its_process_ends_with_its_lease(outage: Outage) -> None:
    citizen = outage.store.names.citizen(PHONE)
    first = await outage.store.sessions.load(citizen, bytes(range(16)), lease=0.05)
    assert first.state is State.FRESH
    for _ in range(200):
        again = await outage.store.sessions.load(citizen, bytes(range(16)), lease=8.0)
        if again.state is not State.BUSY:
            break
        await asyncio.sleep(0.01)
    assert again.state is State.FRESH


async def test_a_step_cancelled_half_way_disturbs_no_other(outage: Outage) -> None:
    """The caller's own deadline: what is under way is dropped, the connection goes on."""
    tasks = [asyncio.ensure_future(load(outage.store)) for _ in range(100)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert any(isinstance(result, asyncio.CancelledError) for result in results)
    assert await outage.eventually_free() == "fresh"
    names = outage.store.names
    citizens = [names.citizen(f"+22901970{n:05}") for n in range(50)]
    found = await asyncio.gather(
        *(outage.store.sessions.load(c, names.digest(c.digest), lease=8.0) for c in citizens)
    )
    assert {loaded.state for loaded in found} == {State.FRESH}


async def test_a_step_dropped_at_the_very_end_gives_its_claim_back(outage: Outage) -> None:
    citizen = outage.store.names.citizen(PHONE)
    dropped = asyncio.ensure_future(
        outage.store.sessions.load(citizen, bytes(range(16)), lease=60.0)
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # it is written now
    dropped.cancel()
    await asyncio.gather(dropped, return_exceptions=True)
    await outage.store.close()
    await outage.open()
    assert await load(outage.store) == "fresh"


async def test_opening_on_nothing_is_told(launch: Launch) -> None:
    gone = launch()
    gone.process.kill()
    gone.process.wait()
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{gone.port}"):
        await open_store(redis_url=gone.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY)
