"""A call as all processes together make it: breaker, limit and what is kept, through Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from gateway.backends import Backends
from gateway.events import Answered, Json, Outcome
from gateway.menu.program import FieldType, Kind, Operation, Site
from gateway.metrics import Metrics
from gateway.store import Change, Citizen, Entry, Store, Verdict, breakers, open_store
from tests.backends.conftest import (
    GOOD,
    Behaviour,
    Heard,
    Server,
    Start,
    operation,
    reply,
    request,
    site,
)
from tests.conftest import NAME_KEY, SECRET_KEY
from tests.conftest import Server as Redis

pytestmark = pytest.mark.anyio

BROKEN = reply(b"", status="500 Internal Server Error")
OK = Answered(Outcome.OK, {"numero": "EC-1042"})
UNAVAILABLE = Answered(Outcome.UNAVAILABLE)
Process = Callable[[Site], Awaitable[Backends]]


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    """Processes of one deployment, each with its own connections."""
    made: list[Backends] = []

    async def begin(of: Site) -> Backends:
        made.append(Backends(of, {}, Metrics()))
        return made[-1]

    yield begin
    for one in made:
        await one.close()


@pytest.fixture
async def store(redis: Redis) -> AsyncIterator[Store]:
    opened = await open_store(
        redis_url=redis.url, secret_keys=(SECRET_KEY,), name_key=NAME_KEY, deadline=5.0
    )
    yield opened
    await opened.close()


def ada(store: Store) -> Citizen:
    return store.names.citizen("+2290197000001")


async def call(
    backends: Backends,
    store: Store,
    target: Operation | None = None,
    *,
    seconds: float = 5.0,
    citizen: Citizen | None = None,
    arguments: dict[str, Json] | None = None,
) -> Answered:
    return await backends.call(
        request(arguments),
        target or operation(),
        store=store,
        citizen=citizen or ada(store),
        key="k1",
        deadline=time.monotonic() + seconds,
        correlation="r1",
    )


class Mood:
    """What a back end does, which a test changes."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def __call__(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        await self.behaviour(heard, writer)


def at_once(server: Server, most: int) -> Site:
    here = site(server.url)
    return replace(here, backends={"anip": replace(here.backends["anip"], at_once=most)})


# ---- the breaker -------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakers, "PAUSE", 0.2)
    monkeypatch.setattr(breakers, "LONGEST_PAUSE", 0.3)


@pytest.mark.usefixtures("quick")
async def test_one_that_fails_is_left_alone_by_all_and_tried_again(
    start: Start, process: Process, store: Store
) -> None:
    mood = Mood(BROKEN)
    server = await start(mood)
    one, other = await process(site(server.url)), await process(site(server.url))
    for _ in range(breakers.LEAST):
        assert await call(one, store) == UNAVAILABLE
    await one.close()  # what is settled on the side is settled
    heard = len(server.heard)
    with capture_logs() as logs:
        assert await call(other, store) == UNAVAILABLE
    assert len(server.heard) == heard
    assert [(line["operation"], line["reason"]) for line in logs] == [
        ("anip.creer_demande", "breaker-open")
    ]
    await asyncio.sleep(0.25)
    assert await call(other, store) == UNAVAILABLE  # tried, and bad
    await other.close()
    assert len(server.heard) == heard + 1
    mood.behaviour = reply(GOOD)
    assert await call(other, store) == UNAVAILABLE  # it rests for longer now
    await asyncio.sleep(0.35)
    with capture_logs() as logs:
        assert await call(other, store) == OK
        await other.close()
    assert [line["change"] for line in logs if line["event"] == "breaker"] == ["closed"]
    assert await call(one, store) == OK


async def test_answers_that_citizens_cause_say_nothing_against_it(
    start: Start, process: Process, store: Store
) -> None:
    server = await start(Mood(reply(b"", status="404 Not Found")))
    backends = await process(site(server.url))
    for status in ("404 Not Found", "400 Bad Request"):
        server.behaviour = reply(b"", status=status)
        for _ in range(breakers.LEAST + 2):
            await call(backends, store)
    server.behaviour = reply(GOOD)
    assert await call(backends, store) == OK


async def test_half_of_its_calls_must_fail(start: Start, process: Process, store: Store) -> None:
    mood = Mood(BROKEN)
    server = await start(mood)
    backends = await process(site(server.url))
    for number in range(40):
        mood.behaviour = BROKEN if number % 3 == 0 else reply(GOOD)
        await call(backends, store)
    mood.behaviour = reply(GOOD)
    assert await call(backends, store) == OK


@pytest.mark.usefixtures("quick")
async def test_only_one_call_tries_and_a_killed_one_gives_up(store: Store) -> None:
    admit, settle = store.breakers.admit, store.breakers.settle
    for number in range(breakers.LEAST):
        admission = await admit("anip", at_once=9, lease=5)
        change = await settle("anip", admission, Verdict.BAD)
        assert (change is Change.OPENED) == (number == breakers.LEAST - 1)
    await asyncio.sleep(0.25)
    entries = [(await admit("anip", at_once=9, lease=0.1)).entry for _ in range(3)]
    assert entries == [Entry.PROBE, Entry.OPEN, Entry.OPEN]
    await asyncio.sleep(0.15)  # whoever tried it was killed
    probe = await admit("anip", at_once=9, lease=5)
    assert probe.entry is Entry.PROBE
    assert await settle("anip", probe, Verdict.NOTHING) is Change.NONE  # broken off by us
    again = await admit("anip", at_once=9, lease=5)
    assert await settle("anip", again, Verdict.GOOD) is Change.CLOSED
    assert (await admit("anip", at_once=9, lease=5)).entry is Entry.GO


# ---- the limit ---------------------------------------------------------------------------


async def test_all_processes_share_one_limit(start: Start, process: Process, store: Store) -> None:
    under_way = highest = 0

    async def slow(heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, highest
        under_way += 1
        highest = max(highest, under_way)
        await asyncio.sleep(0.1)
        under_way -= 1
        await reply(GOOD)(heard, writer)

    server = await start(slow)
    processes = [await process(at_once(server, 3)) for _ in range(2)]
    answers = await asyncio.gather(*(call(one, store) for one in processes for _ in range(6)))
    assert answers == [OK] * 12  # whoever found it full waited a little
    assert highest == 3


async def test_who_finds_no_room_in_time_is_told_so(
    start: Start, process: Process, store: Store
) -> None:
    async def hanging(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    server = await start(hanging)
    backends = await process(at_once(server, 1))
    first = asyncio.create_task(call(backends, store, seconds=0.8))
    while not server.heard:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.01)
    with capture_logs() as logs:
        assert await call(backends, store, seconds=0.3) == UNAVAILABLE
    assert [line["reason"] for line in logs] == ["busy"]
    assert await first == UNAVAILABLE
    assert len(server.heard) == 1


async def test_a_killed_process_leaves_its_places(store: Store) -> None:
    for _ in range(3):
        await store.breakers.admit("anip", at_once=3, lease=0.1)
    assert (await store.breakers.admit("anip", at_once=3, lease=0.1)).entry is Entry.BUSY
    await asyncio.sleep(0.15)
    assert (await store.breakers.admit("anip", at_once=3, lease=0.1)).entry is Entry.GO


async def test_without_redis_each_process_has_its_own_limit(
    start: Start, process: Process, store: Store
) -> None:
    async def slow(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await reply(GOOD)(heard, writer)

    server = await start(slow)
    backends = await process(at_once(server, 2))
    await store.close()
    answers = await asyncio.gather(*(call(backends, store) for _ in range(3)))
    assert sorted(a.outcome for a in answers) == [Outcome.OK, Outcome.OK, Outcome.UNAVAILABLE]


# ---- what is kept ------------------------------------------------------------------------


def reading(**more: object) -> Operation:
    given = {"cache": timedelta(minutes=5), **more}
    return replace(operation("GET"), **given)  # type: ignore[arg-type]


def counting() -> Behaviour:
    count = 0

    async def behaviour(heard: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await reply(b'{"numero": "EC-%d"}' % count)(heard, writer)

    return behaviour


async def keeping(process: Process, server: Server) -> Backends:
    here = site(server.url)
    anip = replace(here.backends["anip"], operations={"tarif": reading()})
    return await process(replace(here, backends={"anip": anip}))


async def test_an_answer_is_kept_for_her_alone(
    start: Start, process: Process, store: Store, redis: Redis
) -> None:
    server = await start(counting())
    backends = await keeping(process, server)
    get = reading()

    async def numero(**more: object) -> object:
        answered = await call(backends, store, **({"target": get} | more))  # type: ignore[arg-type]
        await backends.close()  # so that what is kept on the side is kept
        assert isinstance(answered.data, dict)
        return answered.data["numero"]

    assert [await numero(), await numero()] == ["EC-1", "EC-1"]
    assert await numero(citizen=store.names.citizen("+2290197000002")) == "EC-2"
    assert await numero(arguments={"acte": "deces"}) == "EC-3"
    assert await numero() == "EC-1"
    longer = reading(gives={"numero": FieldType(Kind.TEXT, most=12), "lieu": FieldType(Kind.TEXT)})
    assert await call(backends, store, longer) == UNAVAILABLE  # another contract: asked anew
    assert not any(b"EC-1" in part for parts in redis.everything().values() for part in parts)
    (life,) = {round(redis.admin.ttl(name), -1) for name in redis.everything() if b":a:" in name}
    assert life == 300


async def test_what_she_changes_makes_it_old(start: Start, process: Process, store: Store) -> None:
    server = await start(counting())
    backends = await keeping(process, server)
    first = await call(backends, store, reading())
    await backends.close()
    server.behaviour = reply(b"", status="422 Unprocessable Content")
    await call(backends, store)  # nothing was changed
    server.behaviour = reply(GOOD)
    assert await call(backends, store, reading()) == first
    await call(backends, store)
    assert await call(backends, store, reading()) == OK


async def test_it_ends_with_its_time(start: Start, process: Process, store: Store) -> None:
    server = await start(counting())
    backends = await keeping(process, server)
    short = reading(cache=timedelta(milliseconds=50))
    first = await call(backends, store, short)
    await backends.close()
    await asyncio.sleep(0.1)
    assert await call(backends, store, short) != first


async def test_what_failed_is_not_kept(start: Start, process: Process, store: Store) -> None:
    server = await start(reply(b"", status="404 Not Found"))
    backends = await keeping(process, server)
    assert (await call(backends, store, reading())).outcome is Outcome.NOT_FOUND
    await backends.close()
    server.behaviour = reply(GOOD)
    assert await call(backends, store, reading()) == OK
