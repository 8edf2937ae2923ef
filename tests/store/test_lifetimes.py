"""Lifetimes: one table for settings, documentation and what Redis is told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import read as read_settings
from gateway.settings import store_of
from gateway.store import Store, lifetimes
from gateway.store.lifetimes import CHOICES, DAY, FIXED, HOUR, MINUTE, Lifetimes, days, read
from gateway.workshop import Workshop
from tests.conftest import NAME_KEY, SECRET_KEY, Server
from tests.messaging.town import draft, number, workshop

pytestmark = pytest.mark.anyio

RUN = (Path(__file__).parents[2] / "docs" / "run.md").read_text("utf-8")


@pytest.mark.parametrize("field", CHOICES)
def test_the_page_shows_every_choice_as_it_is(field: str) -> None:
    choice, usual = CHOICES[field], getattr(Lifetimes(), field)
    bounds = f"{days(choice.least)} to {days(choice.most)}: {choice.why}"
    assert f"| {choice.what} | {days(usual)} | `{choice.variable}` | {bounds} |\n" in RUN
    assert choice.least <= usual <= choice.most


@pytest.mark.parametrize("fixed", FIXED, ids=lambda fixed: fixed.what)
def test_the_page_shows_what_is_fixed(fixed: lifetimes.Fixed) -> None:
    assert f"| {fixed.what} | {fixed.life} | {fixed.why} |\n" in RUN


def test_every_lifetime_is_chosen_or_fixed() -> None:
    """A new field has its place in the table, or a reason why nobody chooses it."""
    fixed = {"effects", "pieces", "requests", "provider_ids", "early_receipts", "inbox"}
    assert set(Lifetimes.__dataclass_fields__) == set(CHOICES) | fixed
    told = " ".join(f"{one.what}: {one.life}" for one in FIXED)
    usual = Lifetimes()
    assert (usual.effects, usual.pieces, usual.requests) == (7 * DAY, 7 * DAY, 48 * HOUR)
    assert (usual.provider_ids, usual.early_receipts, usual.inbox) == (8 * DAY, HOUR, DAY)
    for words in ("7 days, or as long", "7 days at most", "48 hours", "8 days", "1 hour", "1 day"):
        assert words in told


@pytest.mark.parametrize(
    ("written", "seconds"), [("3d", 3 * DAY), ("72 h", 72 * HOUR), ("4320m", 4320 * MINUTE)]
)
def test_a_lifetime_is_written_as_menus_write_durations(written: str, seconds: float) -> None:
    assert read({"GATEWAY_KEEP_TEXTS": written, "GATEWAY_KEEP_AUDIT": " "}).texts == seconds


@pytest.mark.parametrize("written", ["1d", "91d", "7", "a week", "-7d", "7 days", "47h"])
def test_what_is_out_of_bounds_says_the_bounds_and_why(written: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"GATEWAY_KEEP_TEXTS": written, "PORT": "http"})
    told = str(refused.value).splitlines()
    assert told[0].startswith("GATEWAY_KEEP_TEXTS is wrong: give 2d to 90d, as in 7d (its agency")
    assert told[1].startswith("PORT is wrong")  # all faults at once


def test_a_misspelt_lifetime_stops_the_start() -> None:
    """Who asks for less must not keep more without knowing."""
    with pytest.raises(SettingsError, match="GATEWAY_KEEP_TEXT is no lifetime: there are GATEWAY"):
        read_settings({"GATEWAY_KEEP_TEXT": "3d"})


async def test_what_the_environment_says_is_what_redis_is_told(redis: Server) -> None:
    """Each choice that Redis itself ends, on a key of its kind."""
    environ = {
        "REDIS_URL": redis.url,
        "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
        "GATEWAY_NAME_KEY": NAME_KEY.hex(),
        "GATEWAY_KEEP_LANGUAGE": "100d",
        "GATEWAY_KEEP_TEXTS": "3d",
        "GATEWAY_KEEP_MESSAGES": "20d",
        "GATEWAY_KEEP_FOLLOWERS": "50d",
        "GATEWAY_KEEP_JOBS": "4d",
    }
    store = await store_of(read_settings(environ))
    names, hers = store.names, store.names.citizen(number("01"))
    until = round((time.time() + 60) * 1000)
    message = draft(store, number("01"), until=until)
    await store.outbox.accept(message)
    await store.sessions.remember(hers, "fr")
    await store.followers.follow(hers, "mairie", "EC-1", b"payload")
    await store.requests.file("mairie", "EC-1", message.id, 1)
    job = names.message_id(1, "job")
    await store.jobs.put(job, {"kind": "k"}, [b"piece"])
    await store.requests.claim("mairie", "key", b"body")
    await store.inbox.put(hers, b"received")
    await store.provider_ids.attach("p", "1", message.id)
    record, body = names.message(hers.shard, message.id)
    expected = {
        names.language(hers): 100,
        names.followed(hers): 50,
        names.followers(hers.shard, names.case("mairie", "EC-1")): 50,
        body: 3,
        record: 23,  # both: the record outlives the text
        names.reference("mairie", "EC-1")[1]: 20,
        names.job(job)[1]: 4,
        f"{names.job(job)[1]}:0": 7,
        names.request("mairie", "key")[1]: 2,
        names.inbox(hers): 1,
        names.provider_id("p", "1")[1]: 8,
    }
    found = {name: round(redis.admin.ttl(name) / DAY, 2) for name in expected}
    assert found == expected
    await store.close()


async def test_the_worker_ends_what_redis_does_not(store: Store, redis: Server) -> None:
    """Orders on their stream or put aside, and deeds, though nothing new ever comes."""
    names = store.names
    old = f"{round((time.time() - 91 * DAY) * 1000)}-0"
    older = f"{round((time.time() - 401 * DAY) * 1000)}-0"
    ended = [names.queue(3, name)[0] for name in ("unreadable", "callback", "rate")]
    for stream in ended:
        redis.admin.xadd(stream, {"k": b"k" * 16, "b": b"b"}, id=old)
        redis.admin.xadd(stream, {"k": b"k" * 16, "b": b"b"})
    redis.admin.xadd(names.audit(), {"w": "w", "d": "d", "a": ""}, id=older)
    shop: Workshop = workshop()
    assert await store.effects.age(3) == 0
    await shop.worker._end(store)
    assert [redis.admin.xlen(stream) for stream in ended] == [1, 1, 1]
    assert redis.admin.xlen(names.audit()) == 0
    redis.admin.xadd(names.stream(3), {"k": b"k" * 16, "b": b"b"}, id=old)
    assert await store.effects.age(3) == 1
