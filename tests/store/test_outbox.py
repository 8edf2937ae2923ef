"""Messages from acceptance to their end, on a real server."""

from __future__ import annotations

import time

import pytest

from gateway.events import Lane, MessageState
from gateway.store import (
    Citizen,
    Draft,
    Limits,
    Record,
    Store,
    Taken,
    open_store,
    read_line,
)
from tests.conftest import NAME_KEY, SECRET_KEY, Server

pytestmark = pytest.mark.anyio

ADA = "+2290197000001"
LEASE = 30.0
LATER = 4_000_000_000_000  # milliseconds: a day that is far off


def now() -> int:
    return round(time.time() * 1000)


def draft(store: Store, name: str = "1", **more: object) -> Draft:
    citizen: Citizen = store.names.citizen(ADA)
    given = {
        "id": store.names.message_id(citizen.shard, "test", name),
        "citizen": citizen,
        "lane": Lane.MASS,
        "body": b"Acte pret",
        "segments": 1,
        "sender": "8585",
        "until": LATER,
        "agency": "anip",
        "template": "etat-civil/pret",
        "version": "v1",
    }
    return Draft(**(given | more))  # type: ignore[arg-type]


async def taken(store: Store, of: Draft, *, lease: float = LEASE) -> list[Taken]:
    return await store.outbox.lanes[of.lane].take(of.citizen.shard, 10, lease=lease)


async def record(store: Store, of: Draft) -> Record:
    found = await store.outbox.read(of.id)
    assert found is not None
    return found


async def path(store: Store, of: Draft) -> list[tuple[str, str]]:
    """The history: each state, and its reason."""
    return [(entered.state.value, entered.reason) for entered in (await record(store, of)).history]


async def test_a_message_is_accepted_taken_sent_and_delivered(store: Store) -> None:
    hers = draft(store)
    assert await store.outbox.accept(hers) == (True, MessageState.QUEUED)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    assert (line.id, line.segments, entry.again) == (hers.id, 1, False)
    begun = await store.outbox.begin(entry, line, hers.lane, "africastalking")
    assert begun is not None
    assert (begun.attempt, begun.body) == (1, b"Acte pret")
    assert await store.outbox.settle(entry, line, hers.lane, begun, MessageState.SENT)
    assert await taken(store, hers, lease=0.001) == []
    assert await store.outbox.report(hers.id, MessageState.DELIVERED)
    assert await path(store, hers) == [
        ("accepted", ""),
        ("queued", ""),
        ("submitting", "africastalking"),
        ("sent", ""),
        ("delivered", ""),
    ]


async def test_what_is_accepted_twice_is_there_once(store: Store) -> None:
    hers = draft(store)
    assert await store.outbox.accept(hers) == (True, MessageState.QUEUED)
    assert await store.outbox.accept(hers) == (False, MessageState.QUEUED)
    assert len(await taken(store, hers)) == 1


async def test_a_final_state_never_changes(store: Store) -> None:
    hers = draft(store)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    begun = await store.outbox.begin(entry, line, hers.lane, "p")
    assert begun is not None
    assert await store.outbox.report(hers.id, MessageState.DELIVERED)  # before the answer
    assert not await store.outbox.settle(entry, line, hers.lane, begun, MessageState.FAILED)
    assert not await store.outbox.report(hers.id, MessageState.FAILED)
    assert (await record(store, hers)).state is MessageState.DELIVERED
    assert await taken(store, hers, lease=0.001) == []


@pytest.mark.parametrize(
    ("hold", "ends"),
    [(True, [("uncertain", "attempt-lost")]), (False, [("queued", "attempt-lost")])],
)
async def test_an_attempt_that_died_midway_is_named(
    store: Store, hold: bool, ends: list[tuple[str, str]]
) -> None:
    hers = draft(store, hold=hold)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    assert await store.outbox.begin(entry, line, hers.lane, "p")
    (again,) = await taken(store, hers, lease=0.0)  # its worker was killed
    assert (again.entry, again.again) == (entry.entry, True)
    begun = await store.outbox.begin(again, line, hers.lane, "p")
    assert (begun is None) == hold
    ends = ends if hold else [*ends, ("submitting", "p")]
    assert (await path(store, hers))[3:] == ends
    if begun is not None:
        assert begun.attempt == 2


async def test_a_stop_word_holds_back_what_is_not_essential(store: Store) -> None:
    usual, essential = draft(store, "1"), draft(store, "2", essential=True)
    late = draft(store, "3")
    await store.outbox.accept(late)
    await store.optouts.stop(usual.citizen, "8585")
    assert await store.outbox.accept(usual) == (True, MessageState.SUPPRESSED)
    assert await store.outbox.accept(essential) == (True, MessageState.QUEUED)
    assert (await path(store, usual))[-1] == ("suppressed", "opted-out")
    entries = await taken(store, late)
    begun = [
        await store.outbox.begin(entry, read_line(entry.payload), late.lane, "p")
        for entry in entries
    ]
    assert [one is not None for one in begun] == [False, True]
    await store.optouts.start(usual.citizen, "8585")
    assert not await store.optouts.stopped(usual.citizen, "8585")


async def test_the_brake_stops_what_comes_again_and_again(store: Store) -> None:
    alike = store.names.digest("alike", ADA, "text")
    states = []
    for number in range(4):
        hers = draft(store, str(number), alike=alike)
        states.append((await store.outbox.accept(hers, brake=3))[1])
    assert states == [MessageState.QUEUED] * 3 + [MessageState.SUPPRESSED]


async def test_what_is_not_due_waits(store: Store) -> None:
    hers = draft(store, due=now() + 60_000)
    assert await store.outbox.accept(hers) == (True, MessageState.ACCEPTED)
    assert await taken(store, hers) == []
    soon = draft(store, "2", due=now() + 1)
    await store.outbox.accept(soon)
    while not (entries := await taken(store, soon)):
        pass
    assert read_line(entries[0].payload).id == soon.id
    assert (await path(store, soon)) == [("accepted", ""), ("queued", "")]


async def test_what_is_no_longer_valid_is_not_sent(store: Store) -> None:
    hers = draft(store, until=1000)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    assert await store.outbox.begin(entry, read_line(entry.payload), hers.lane, "p") is None
    assert (await path(store, hers))[-1] == ("expired", "valid-until")


async def test_a_message_is_cancelled_by_its_own_agency(store: Store) -> None:
    hers = draft(store, due=now() + 60_000)
    await store.outbox.accept(hers)
    assert await store.outbox.cancel(hers.id, "travail") is None
    assert await store.outbox.cancel(hers.id, "anip") is MessageState.CANCELLED
    assert await store.outbox.cancel(hers.id, "anip") is MessageState.CANCELLED


@pytest.mark.parametrize(("unsure", "ends"), [(False, "cancelled"), (True, "queued")])
async def test_what_may_have_left_cannot_be_taken_back(
    store: Store, unsure: bool, ends: str
) -> None:
    hers = draft(store, hold=False)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    begun = await store.outbox.begin(entry, line, hers.lane, "p")
    assert begun is not None
    settled = await store.outbox.settle(
        entry, line, hers.lane, begun, MessageState.QUEUED, again=LATER, unsure=unsure
    )
    assert settled
    state = await store.outbox.cancel(hers.id, "anip")
    assert state is MessageState(ends)


async def test_what_died_in_the_midst_of_an_attempt_cannot_be_taken_back(store: Store) -> None:
    hers = draft(store, hold=False)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    await store.outbox.begin(entry, line, hers.lane, "p")
    (again,) = await taken(store, hers, lease=0.0)
    begun = await store.outbox.begin(again, line, hers.lane, "p")
    assert begun is not None
    queued = MessageState.QUEUED
    await store.outbox.settle(again, line, hers.lane, begun, queued, again=LATER)  # surely not sent
    assert await store.outbox.cancel(hers.id, "anip") is queued


async def test_a_receipt_that_comes_too_early_is_kept(store: Store) -> None:
    ids = store.provider_ids
    assert await ids.trace("at", "ATXid_1", b"delivered") is None
    assert await ids.trace("at", "ATXid_1", b"again") is None
    assert await ids.attach("at", "ATXid_1", "m1") == [b"delivered", b"again"]
    assert await ids.trace("at", "ATXid_1", b"late") == "m1"


async def test_a_provider_gets_segments_by_the_second_and_rests_when_it_fails(
    store: Store,
) -> None:
    gates = store.gates
    assert await gates.spend("at", 2, rate=0.001, burst=3) == 0.0
    assert await gates.spend("at", 2, rate=0.001, burst=3) > 900
    assert await gates.paused("at") == 0.0  # only busy; and to ask takes nothing
    assert await gates.spend("at", 1, rate=0.001, burst=3) == 0.0
    await gates.pause("at", 600)
    await gates.pause("at", 30)  # the longer one holds
    assert 599 < await gates.paused("at") <= 600
    assert await gates.spend("at", 1, rate=1000, burst=1000) > 599
    await gates.resume("at")
    assert await gates.paused("at") == 0.0


async def test_the_end_of_a_message_is_told_once(store: Store) -> None:
    hers = draft(store, told=True, until=1000)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    await store.outbox.begin(entry, read_line(entry.payload), hers.lane, "p")
    (hook,) = await store.hooks.take(hers.citizen.shard, 10, lease=LEASE)
    attempt, message, letter, at, reason = hook.payload.decode().split(" ")
    assert (attempt, message, letter, reason) == ("0", hers.id, "e", "valid-until")
    assert abs(int(at) - now()) < 60_000
    assert await store.hooks.done(hook)
    assert not await store.hooks.done(hook)


async def test_number_and_text_are_dropped_after_the_end_and_the_counts_stay(
    store: Store, redis: Server
) -> None:
    hers = draft(store, until=now() + 3_600_000)
    await store.outbox.accept(hers)
    _, body = store.names.message(hers.citizen.shard, hers.id)
    week = round(store.lifetimes.texts * 1000)
    assert week < redis.admin.pttl(body) <= week + 3_600_000  # as long as it may be sent, and then
    await store.outbox.cancel(hers.id, "anip")
    assert week - 60_000 < redis.admin.pttl(body) <= week
    redis.admin.delete(body)  # as it is when that is over
    assert (await record(store, hers)).body is None
    assert (await record(store, hers)).state is MessageState.CANCELLED
    (day,) = [name for name in redis.everything() if b":n:" in name]
    assert redis.admin.hgetall(day) == {b"anip etat-civil/pret c": b"1"}


@pytest.mark.parametrize("why", ["opted-out", "duplicate"])
async def test_what_is_suppressed_at_once_is_dropped_as_soon(
    store: Store, redis: Server, why: str
) -> None:
    first, second = (draft(store, n, alike=store.names.digest("alike", "text")) for n in "12")
    await store.outbox.accept(first, brake=1)
    if why == "opted-out":
        await store.optouts.stop(second.citizen, "8585")
    assert await store.outbox.accept(second, brake=1) == (True, MessageState.SUPPRESSED)
    assert (await path(store, second))[-1] == ("suppressed", why)
    _, body = store.names.message(second.citizen.shard, second.id)
    assert 0 < redis.admin.pttl(body) <= round(store.lifetimes.texts * 1000)


@pytest.mark.parametrize("told", ["after", "before", "held"])
async def test_a_receipt_that_never_comes_is_given_up(redis: Server, told: str) -> None:
    """However the message came to be sent: by its answer, or by a receipt that says no more."""
    impatient = Limits(receipt=0.001)
    store = await open_store(
        redis_url=redis.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY, limits=impatient
    )
    hers = draft(store)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    begun = await store.outbox.begin(entry, line, hers.lane, "p")
    assert begun is not None
    if told == "before":
        assert await store.outbox.report(hers.id, MessageState.SENT)
    if told == "held":
        await store.outbox.settle(entry, line, hers.lane, begun, MessageState.UNCERTAIN)
        assert await store.outbox.report(hers.id, MessageState.SENT)
    else:
        await store.outbox.settle(entry, line, hers.lane, begun, MessageState.SENT)
    while not await store.outbox.age(hers.citizen.shard):
        pass
    assert (await path(store, hers))[-1] == ("expired", "no-receipt")
    assert await store.outbox.age(hers.citizen.shard) == 0
    await store.close()


async def test_what_was_held_and_turns_out_to_be_sent_is_sent(store: Store) -> None:
    """Its worker was only slow: another had held the message meanwhile."""
    hers = draft(store)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    begun = await store.outbox.begin(entry, line, hers.lane, "p")
    assert begun is not None
    (again,) = await taken(store, hers, lease=0.0)
    assert await store.outbox.begin(again, line, hers.lane, "p") is None
    assert await store.outbox.settle(entry, line, hers.lane, begun, MessageState.SENT)
    assert [state for state, _ in await path(store, hers)][-2:] == ["uncertain", "sent"]


async def test_an_early_receipt_outlives_a_worker_that_dies_while_it_is_told(store: Store) -> None:
    ids = store.provider_ids
    assert await ids.trace("at", "ATXid_2", b"delivered") is None
    assert await ids.attach("at", "ATXid_2", "m2") == [b"delivered"]
    # Redis was away, or the worker killed, before the outbox had heard of it.
    assert await ids.attach("at", "ATXid_2", "m2") == [b"delivered"]


async def test_an_uncertain_end_that_is_told_twice_is_written_once(store: Store) -> None:
    hers = draft(store, told=True)
    await store.outbox.accept(hers)
    (entry,) = await taken(store, hers)
    line = read_line(entry.payload)
    begun = await store.outbox.begin(entry, line, hers.lane, "p")
    assert begun is not None
    for _ in range(2):  # the answer to the first was lost with Redis
        await store.outbox.settle(
            entry, line, hers.lane, begun, MessageState.UNCERTAIN, reason="deadline"
        )
    assert (await path(store, hers))[3:] == [("uncertain", "deadline")]
    assert len(await store.hooks.take(hers.citizen.shard, 10, lease=LEASE)) == 1
