"""Cluster's slot rules on servers that enforce them, and a cluster whose slots lie apart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from gateway.errors import CommandRefused, StoreUnavailable
from gateway.store import State, Store, open_store
from gateway.store.address import fixed
from gateway.store.connection import Connection
from gateway.store.nodes import Nodes
from tests.conftest import NAME_KEY, SECRET_KEY
from tests.store.conftest import Launch, Launched, served
from tests.store.steps import converse, promise

PHONES = [f"+22901970{number:05}" for number in range(64)]


def clustered(launch: Launch) -> Launched:
    return launch(cluster_enabled="yes", cluster_config_file="nodes.conf")


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "the cluster does not come up"
        time.sleep(0.05)


def whole(node: Launched) -> bool:
    return "cluster_state:ok" in str(node.ask("CLUSTER", "INFO"))


@pytest.fixture
def one_node(launch: Launch) -> Launched:
    """All 16384 slots on one node, which refuses functions whose keys lie in two slots."""
    node = clustered(launch)
    node.ask("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    eventually(lambda: whole(node))
    return node


@pytest.fixture
def two_nodes(launch: Launch) -> tuple[Launched, Launched]:
    first, second = clustered(launch), clustered(launch)
    first.ask("CLUSTER", "ADDSLOTSRANGE", 0, 8191)
    second.ask("CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
    first.ask("CLUSTER", "MEET", "127.0.0.1", second.port)
    eventually(lambda: whole(first) and whole(second))
    return first, second


async def opened(url: str) -> Store:
    return await open_store(redis_url=url, secret_keys=[SECRET_KEY], name_key=NAME_KEY)


async def test_every_function_keeps_to_one_slot(one_node: Launched) -> None:
    store = await opened(one_node.url)
    for phone in PHONES:
        await converse(store, phone)
    effects = [await store.effects.read(shard) for shard in range(store.names.shards)]
    assert sum(map(len, effects)) == 3 * len(PHONES)
    await store.close()


async def test_effects_wait_for_the_disk_of_their_own_node(one_node: Launched) -> None:
    store = await opened(one_node.url)
    citizen = store.names.citizen(PHONES[0])
    assert await promise(store, citizen) == 1
    await store.close()


def test_the_node_does_refuse_what_spans_slots(one_node: Launched) -> None:
    """Else the tests here would prove nothing."""
    with pytest.raises(Exception, match="slot"):
        one_node.ask("MSET", "{01}:a", "1", "{02}:a", "2")


async def test_shards_are_found_on_the_node_that_holds_them(
    two_nodes: tuple[Launched, Launched],
) -> None:
    """Our functions are loaded there, effects wait for that node's disk, and the rest follows."""
    store = await opened(two_nodes[0].url)
    for phone in PHONES:
        await converse(store, phone)
    citizen = next(
        c for p in PHONES if b"MOVED" in _where(two_nodes[0], (c := store.names.citizen(p)).shard)
    )
    assert await promise(store, citizen) == 1
    sizes = [node.admin.dbsize() for node in two_nodes]
    assert all(int(str(size)) > 0 for size in sizes)
    await store.close()


async def test_everything_is_looked_through_on_every_node(
    two_nodes: tuple[Launched, Launched],
) -> None:
    """Scanning names no key, so no node says that others have more."""
    first, second = two_nodes
    store = await opened(first.url)
    for phone in PHONES:
        await store.sessions.remember(store.names.citizen(phone), "fr")
    await store.close()
    store = await opened(second.url)  # it has not learnt who holds what: shard 0 is there
    found = [trace.name async for some in store.traces.scan() for trace in some]
    languages = {name for name in found if ":l:" in name}
    assert languages == {store.names.language(store.names.citizen(phone)) for phone in PHONES}
    assert all(int(str(node.admin.dbsize())) > 0 for node in (first, second))
    await store.close()


def _where(node: Launched, shard: int) -> bytes:
    try:
        node.ask("GET", f"{{{shard:02}}}:s:nobody")
    except Exception as error:
        return f"MOVED {error}".encode()
    return b""


async def test_a_node_that_dies_is_told_and_the_others_go_on(
    two_nodes: tuple[Launched, Launched],
) -> None:
    first, second = two_nodes
    first.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
    store = await opened(first.url)
    here, there = (
        next(c for p in PHONES if bool(_where(first, (c := store.names.citizen(p)).shard)) is away)
        for away in (False, True)
    )
    await store.sessions.load(there, bytes(range(16)), lease=8.0)
    second.process.kill()
    second.process.wait()
    with pytest.raises(StoreUnavailable):
        await store.sessions.load(there, bytes(range(16)), lease=8.0)
    assert (await store.sessions.load(here, bytes(range(16)), lease=8.0)).state is State.FRESH
    await store.close()


async def test_a_refusal_that_is_no_move_is_the_callers(one_node: Launched) -> None:
    store = await opened(one_node.url)
    one_node.ask("SET", store.names.stream(0), "not a stream")
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await store.effects.read(0)
    await store.close()


async def test_a_function_that_fails_for_its_data_is_not_loaded_again(
    one_node: Launched,
) -> None:
    store = await opened(one_node.url)
    citizen = store.names.citizen(PHONES[0])
    one_node.ask("SET", store.names.stream(citizen.shard), "not a stream")
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await promise(store, citizen)
    await store.close()


async def test_nodes_that_send_each_other_on_are_given_up() -> None:
    """A cluster in disorder: an answer within few tries, not a ring dance."""
    ports: list[int] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = writer.get_extra_info("sockname")[1]
        while await reader.readuntil(b"GET\r\n"):
            other = next(port for port in ports if port != own)
            writer.write(b"-MOVED 7 127.0.0.1:%d\r\n" % other)

    async with served(elsewhere) as one, served(elsewhere) as other:
        ports += [one.port, other.port]
        first = Connection(fixed(one))
        await first.open()
        nodes = Nodes(first)
        with pytest.raises(StoreUnavailable, match="do not agree"):
            await nodes.execute(0, "GET", "{00}:a")
        await nodes.close()
