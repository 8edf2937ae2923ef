"""The shared connection, on the real server and on loopback servers that behave badly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.errors import CommandRefused, StoreUnavailable
from gateway.store.address import Address, fixed, read
from gateway.store.connection import Connection
from tests.conftest import Server
from tests.store.conftest import served


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops: what happens when a socket ends is for each to decide."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def opened(url: str, **more: float) -> AsyncIterator[Connection]:
    connection = Connection(read(url), **{"deadline": 2.0, **more})  # type: ignore[arg-type]
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


async def forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def test_ten_thousand_concurrent_commands_get_their_own_replies(redis: Server) -> None:
    async with opened(redis.url) as connection:
        replies = await asyncio.gather(
            *(connection.execute("ECHO", f"reply {n}") for n in range(10_000))
        )
    assert replies == [f"reply {n}".encode() for n in range(10_000)]


async def test_large_values_go_both_ways_beside_small_ones(redis: Server) -> None:
    large = [bytes([n]) * 3_000_000 for n in range(8)]
    async with opened(redis.url, deadline=20.0) as connection:
        replies = await asyncio.gather(
            *(connection.execute("ECHO", value) for value in large),
            *(connection.execute("ECHO", n) for n in range(100)),
        )
    assert replies[:8] == large
    assert replies[8:] == [b"%d" % n for n in range(100)]


async def test_commands_of_one_moment_share_a_write(redis: Server) -> None:
    """They arrive in the order given, as one batch."""
    async with opened(redis.url) as connection:
        await asyncio.gather(*(connection.execute("RPUSH", "order", n) for n in range(500)))
        found = await connection.execute("LRANGE", "order", 0, -1)
        await connection.execute("DEL", "order")
    assert found == [b"%d" % n for n in range(500)]


async def test_a_cancelled_command_shifts_nobodys_reply(redis: Server) -> None:
    """Cancelled before the write, while on its way, and after: the rest get their own."""
    async with opened(redis.url) as connection:
        for rounds in range(6):
            tasks = [asyncio.ensure_future(connection.execute("ECHO", n)) for n in range(300)]
            for _ in range(rounds):
                await asyncio.sleep(0)
            for task in tasks[::3]:
                task.cancel()
            replies = await asyncio.gather(*tasks, return_exceptions=True)
            for n, reply in enumerate(replies):
                assert reply == b"%d" % n or (n % 3 == 0 and _cancelled(reply))
        assert await connection.execute("ECHO", "still") == b"still"


def _cancelled(reply: object) -> bool:
    return isinstance(reply, asyncio.CancelledError)


async def test_a_command_cancelled_before_the_write_is_not_sent(redis: Server) -> None:
    async with opened(redis.url) as connection:
        asked = connection.execute("SET", "never", "1", "EX", 60)
        asked.cancel()  # it is in the queue; the write comes in the loop's next round
        await connection.execute("PING")
    assert asked.cancelled()
    assert redis.admin.exists("never") == 0


async def test_an_error_reply_is_the_callers_alone(redis: Server) -> None:
    async with opened(redis.url) as connection:
        good, bad, also = await asyncio.gather(
            connection.execute("ECHO", "1"),
            connection.execute("NOSUCHCOMMAND"),
            connection.execute("ECHO", "2"),
            return_exceptions=True,
        )
    assert (good, also) == (b"1", b"2")
    assert isinstance(bad, CommandRefused)
    assert bad.kind == "ERR"


async def test_a_server_that_falls_silent_is_given_up_within_the_deadline() -> None:
    async with served(forever) as address:
        connection = Connection(fixed(address), deadline=0.2)
        await connection.open()
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(StoreUnavailable, match=r"in time|broke"):
            await connection.execute("GET", "a")
        assert 0.15 < loop.time() - began < 1.0
        await connection.close()


async def test_a_slow_server_is_late_but_not_dropped() -> None:
    """Late replies are thrown away; who asks after them gets the right one."""
    half, rest = asyncio.Event(), asyncio.Event()
    connections = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"late\r\n")
        await half.wait()
        writer.write(b"$4\r\nl")  # heard: this server is slow, not dead
        await rest.wait()
        writer.write(b"ate\r\n")
        await reader.readuntil(b"next\r\n")
        writer.write(b"$4\r\nnext\r\n")
        await reader.read(-1)

    async with served(slow) as address:
        connection = Connection(fixed(address), deadline=0.3)
        await connection.open()
        late = asyncio.ensure_future(connection.execute("ECHO", "late"))
        asyncio.get_running_loop().call_later(0.15, half.set)
        asyncio.get_running_loop().call_later(0.35, rest.set)
        with pytest.raises(StoreUnavailable):
            await late
        assert await connection.execute("ECHO", "next") == b"next"
        assert connections == 1
        await connection.close()


async def test_what_was_under_way_fails_and_what_comes_after_waits_for_the_next_connection() -> (
    None
):
    connections = 0

    async def dies_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"ECHO\r\n")
        if connections > 1:
            writer.write(b"$2\r\nok\r\n")
            await reader.read(-1)

    async with served(dies_once) as address:
        connection = Connection(fixed(address), deadline=2.0)
        await connection.open()
        with pytest.raises(StoreUnavailable, match="broke"):
            await connection.execute("ECHO", "a")
        assert not connection.connected
        assert await connection.execute("ECHO", "b") == b"ok"
        assert connections == 2
        await connection.close()


@pytest.mark.parametrize("nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+1\r\n+2\r\n+3\r\n"])
async def test_a_reply_that_cannot_be_one_ends_the_connection(nonsense: bytes) -> None:
    """Not the protocol, or more replies than commands: nobody gets a wrong one after it."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"ECHO\r\n")
        writer.write(nonsense)
        await reader.read(-1)

    async with served(babble) as address:
        connection = Connection(fixed(address), deadline=0.5)
        await connection.open()
        first = (await asyncio.gather(connection.execute("ECHO", "a"), return_exceptions=True))[0]
        assert first == b"1" or isinstance(first, StoreUnavailable)
        await asyncio.sleep(0)
        assert not connection.connected
        await connection.close()


async def test_a_demoted_master_is_left(redis: Server) -> None:
    """READONLY after a failover: the address is asked anew, and the new master is used."""

    async def replica(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"SET\r\n")
        writer.write(b"-READONLY You can't write against a read only replica.\r\n")
        await reader.read(-1)

    async with served(replica) as demoted:
        addresses = [demoted]
        master = await read(redis.url)()

        async def locate() -> Address:
            return addresses.pop() if addresses else master

        connection = Connection(locate, deadline=2.0)
        await connection.open()
        with pytest.raises(StoreUnavailable, match="READONLY"):
            await connection.execute("SET", "a", "b", "EX", 60)
        assert await connection.execute("SET", "a", "b", "EX", 60) == b"OK"
        await connection.close()


async def test_too_many_waiting_commands_are_refused_at_once() -> None:
    async with served(forever) as address:
        connection = Connection(fixed(address), deadline=0.3, limit=100)
        await connection.open()
        results = await asyncio.gather(
            *(connection.execute("GET", n) for n in range(150)), return_exceptions=True
        )
        refused = [r for r in results if "more than 100" in str(r)]
        assert len(refused) == 50
        assert all(isinstance(r, StoreUnavailable) for r in results)
        await connection.close()


async def test_a_reader_that_stalls_holds_the_writes_back() -> None:
    """What the socket does not take waits with us, and goes when it takes again."""
    go_on = asyncio.Event()
    value = b"x" * 400_000
    command = b"*2\r\n$3\r\nSET\r\n$400000\r\n%s\r\n" % value

    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        read = 0
        while read < 40 * len(command):
            read += len(await reader.read(1 << 20))
        writer.write(b"+OK\r\n" * 40)
        await reader.read(-1)

    async with served(stalls) as address:
        connection = Connection(fixed(address), deadline=20.0)
        await connection.open()
        commands = []
        for _ in range(40):
            commands.append(asyncio.ensure_future(connection.execute("SET", value)))
            await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(*commands) == [b"OK"] * 40
        await connection.close()


async def test_nobody_listening_is_told_at_once_on_opening() -> None:
    async with served(forever) as address:
        pass
    connection = Connection(fixed(address), deadline=1.0)
    with pytest.raises(StoreUnavailable, match=str(address)):
        await connection.open()
    await connection.close()


async def test_a_server_that_accepts_and_says_nothing_is_told_within_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address(port=listening.getsockname()[1])
        connection = Connection(fixed(address), deadline=0.2)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await connection.open()
        await connection.close()


async def test_a_connection_that_is_away_for_long_fails_at_once() -> None:
    async with served(forever) as address:
        pass
    connection = Connection(fixed(address), deadline=0.2)
    connection.begin()
    loop = asyncio.get_running_loop()
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await connection.execute("PING")
    began = loop.time()
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await connection.execute("PING")
    assert loop.time() - began < 0.05
    await connection.close()


async def test_closing_tells_those_who_wait() -> None:
    async with served(forever) as address:
        connection = Connection(fixed(address), deadline=5.0)
        await connection.open()
        waiting = [asyncio.ensure_future(connection.execute("GET", n)) for n in range(3)]
        await asyncio.sleep(0)
        unsent = asyncio.ensure_future(connection.execute("GET", "unsent"))
        await asyncio.sleep(0)
        await connection.close()
        results = await asyncio.gather(*waiting, unsent, return_exceptions=True)
        assert all(isinstance(result, StoreUnavailable) for result in results)
        with pytest.raises(StoreUnavailable):
            await connection.execute("PING")
