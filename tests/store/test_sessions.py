"""Conversations on the real server: claims, repeats, pins, effects, bindings."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from redis import Redis

from gateway.errors import ClaimLost, SealBroken
from gateway.store import Citizen, Lifetimes, Loaded, State, Store, open_store
from gateway.store.keys import Names
from tests.conftest import NAME_KEY, SECRET_KEY, Server

NAMES = Names(NAME_KEY)
ADA = NAMES.citizen("+2290197000001")
BIO = NAMES.citizen("+2290197000002")
LEASE = 8.0
SESSION_ID = b"ATUid_0123456789abcdef"


def request(number: int | str) -> bytes:
    return NAMES.digest("request", str(number))


def effect(number: int | str) -> bytes:
    return NAMES.digest("effect", str(number))


async def load(store: Store, number: int | str, **more: Any) -> Loaded:
    return await store.sessions.load(ADA, request(number), **{"lease": LEASE, **more})


async def save(store: Store, loaded: Loaded, number: int | str, **more: Any) -> int:
    assert loaded.claim is not None
    given: dict[str, Any] = {"body": b"body %s" % str(number).encode(), "ttl": 600.0, **more}
    return await store.sessions.save(ADA, loaded.claim, request=request(number), **given)


async def step(store: Store, number: int | str, **more: Any) -> Loaded:
    loaded = await load(store, number)
    await save(store, loaded, number, **more)
    return loaded


async def shorten(admin: Redis, citizen: Citizen) -> None:
    """Ends a claim's lease, as time would: its last six bytes are zeros, the claim stays."""
    admin.setrange(NAMES.session(citizen), 29, bytes(6))


async def test_the_first_request_finds_nothing_and_claims(store: Store, redis: Server) -> None:
    loaded = await load(store, 1)
    assert (loaded.state, loaded.body, loaded.language) == (State.FRESH, None, None)
    assert 0 < redis.admin.pttl(NAMES.session(ADA)) <= LEASE * 1000


async def test_the_next_request_finds_what_was_saved(store: Store, redis: Server) -> None:
    await step(store, 1)
    loaded = await load(store, 2)
    assert (loaded.state, loaded.body, loaded.broken) == (State.OPEN, b"body 1", False)
    assert 590_000 < redis.admin.pttl(NAMES.session(ADA)) <= 600_000


async def test_citizens_do_not_meet(store: Store) -> None:
    await step(store, 1)
    other = await store.sessions.load(BIO, request(2), lease=LEASE)
    assert other.state is State.FRESH


async def test_a_repeat_gets_the_same_answer_and_no_claim(store: Store) -> None:
    await step(store, 1)
    for _ in range(2):
        assert await load(store, 1) == Loaded(State.REPEAT, b"body 1")
    assert (await load(store, 2)).state is State.OPEN


async def test_a_repeat_is_answered_while_the_next_step_is_worked_on(store: Store) -> None:
    await step(store, 1)
    await load(store, 2)
    assert (await load(store, 1)).state is State.REPEAT


async def test_while_one_works_all_others_are_told_to_wait(store: Store) -> None:
    first = await load(store, 1)
    assert await load(store, 1) == Loaded(State.BUSY)
    assert await load(store, 2) == Loaded(State.BUSY)
    await save(store, first, 1)
    assert (await load(store, 1)).state is State.REPEAT
    assert (await load(store, 2)).state is State.OPEN


async def test_twins_at_the_same_moment_do_the_step_once(store: Store) -> None:
    """Fifty equal requests at once: one works, the others wait on BUSY and get its answer."""
    worked = 0

    async def twin() -> bytes | None:
        nonlocal worked
        while True:
            loaded = await load(store, 1)
            if loaded.state is State.FRESH:
                worked += 1
                await save(store, loaded, 1, effects=[(effect(1), b"sms")])
                return b"body 1"
            if loaded.state is State.REPEAT:
                return loaded.body
            await asyncio.sleep(0)

    answers = await asyncio.gather(*(twin() for _ in range(50)))
    assert worked == 1
    assert set(answers) == {b"body 1"}
    assert len(await store.effects.read(ADA.shard)) == 1


async def test_different_requests_at_the_same_moment_take_turns(store: Store) -> None:
    """Each step reads what the step before it wrote: none is lost, none runs beside another."""
    inside = 0

    async def one(number: int) -> None:
        nonlocal inside
        loaded = await load(store, number)
        for _ in range(10_000):
            if loaded.state is not State.BUSY:
                break
            loaded = await load(store, number)
        inside += 1
        assert inside == 1
        count = int(loaded.body or b"0") + 1
        await asyncio.sleep(0)
        inside -= 1
        await save(store, loaded, number, body=b"%d" % count)

    await asyncio.gather(*(one(number) for number in range(40)))
    assert (await load(store, "last")).body == b"40"


async def test_a_claim_is_given_back_without_saving(store: Store, redis: Server) -> None:
    fresh = await load(store, 1)
    assert fresh.claim is not None
    await store.sessions.release(ADA, fresh.claim)
    assert not redis.admin.exists(NAMES.session(ADA))
    await step(store, 1)
    opened = await load(store, 2)
    assert opened.claim is not None
    await store.sessions.release(ADA, opened.claim)
    again = await load(store, 2)
    assert (again.state, again.body) == (State.OPEN, b"body 1")


async def test_a_lease_that_ended_lets_another_take_over(store: Store, redis: Server) -> None:
    """The slow one can then neither save nor release what is not its own any more."""
    await step(store, 1)
    slow = await load(store, 2)
    await shorten(redis.admin, ADA)
    quick = await load(store, 3)
    assert quick.state is State.OPEN
    with pytest.raises(ClaimLost):
        await save(store, slow, 2, effects=[(effect(1), b"sms")], language="fon", secrets=None)
    assert slow.claim is not None
    await store.sessions.release(ADA, slow.claim)
    assert await load(store, 2) == Loaded(State.BUSY)
    await save(store, quick, 3)
    assert (await load(store, 4)).body == b"body 3"
    assert await store.effects.read(ADA.shard) == []
    assert (await load(store, 3)).language is None


async def test_a_fresh_claim_that_ended_is_taken_over_too(store: Store, redis: Server) -> None:
    slow = await load(store, 1)
    await shorten(redis.admin, ADA)
    quick = await load(store, 1)
    assert quick.state is State.FRESH
    with pytest.raises(ClaimLost):
        await save(store, slow, 1)
    assert await save(store, quick, 1) == 0


async def test_nobody_else_came_so_a_late_save_is_taken(store: Store, redis: Server) -> None:
    await step(store, 1)
    late = await load(store, 2)
    await shorten(redis.admin, ADA)
    await save(store, late, 2)
    assert (await load(store, 3)).body == b"body 2"


async def test_a_save_whose_answer_was_lost_can_be_repeated(store: Store) -> None:
    """It does nothing twice; once the next step has claimed, it is too late."""
    loaded = await load(store, 1)
    assert await save(store, loaded, 1, effects=[(effect(1), b"sms")]) == 1
    assert await save(store, loaded, 1, effects=[(effect(1), b"sms")]) == 0
    assert (await load(store, 1)).body == b"body 1"
    following = await load(store, 2)
    assert following.body == b"body 1"
    with pytest.raises(ClaimLost):
        await save(store, loaded, 1)
    await save(store, following, 2)
    assert len(await store.effects.read(ADA.shard)) == 1


async def test_a_session_that_was_deleted_cannot_be_saved(store: Store, redis: Server) -> None:
    loaded = await load(store, 1)
    redis.admin.delete(NAMES.session(ADA))
    with pytest.raises(ClaimLost):
        await save(store, loaded, 1)


async def test_a_session_about_to_age_out_lives_through_its_step(
    store: Store, redis: Server
) -> None:
    await step(store, 1, ttl=600.0)
    redis.admin.pexpire(NAMES.session(ADA), 500)
    await load(store, 2)
    assert redis.admin.pttl(NAMES.session(ADA)) > 7_000


async def test_the_language_outlives_the_conversation(store: Store, redis: Server) -> None:
    await step(store, 1, language="yo_BJ")
    redis.admin.delete(NAMES.session(ADA))
    redis.admin.expire(NAMES.language(ADA), 100)
    loaded = await load(store, 2)
    assert (loaded.state, loaded.language) == (State.FRESH, "yo_BJ")
    assert redis.admin.ttl(NAMES.language(ADA)) > 399 * 86_400


async def test_a_step_without_a_new_language_keeps_the_one_chosen(store: Store) -> None:
    await step(store, 1, language="fon")
    await step(store, 2)
    assert (await load(store, 2)).language == "fon"
    assert (await load(store, 3)).language == "fon"


async def test_pins_open_with_the_provider_session_only(store: Store, redis: Server) -> None:
    await step(store, 1, secrets=b"4321", secrets_ttl=60.0, material=SESSION_ID)
    assert 0 < redis.admin.pttl(NAMES.pins(ADA)) <= 60_000
    opened = await load(store, 2, material=SESSION_ID)
    assert opened.secrets == b"4321"
    assert opened.claim is not None
    await store.sessions.release(ADA, opened.claim)
    elsewhere = await load(store, 2, material=b"ATUid_another")
    assert (elsewhere.body, elsewhere.secrets) == (b"body 1", None)
    assert elsewhere.claim is not None
    await store.sessions.release(ADA, elsewhere.claim)
    assert (await load(store, 2)).secrets is None


async def test_pins_go_when_a_step_saves_without_them(store: Store, redis: Server) -> None:
    await step(store, 1, secrets=b"4321", material=SESSION_ID)
    await step(store, 2)
    assert not redis.admin.exists(NAMES.pins(ADA))


async def test_nothing_lies_in_clear(store: Store, redis: Server) -> None:
    """Session, pins and effects: neither their words nor the provider's session id."""
    await step(
        store,
        1,
        body=b"Ada wants a copy",
        secrets=b"pin=4321",
        material=SESSION_ID,
        effects=[(effect(1), b"+2290197000001: ready")],
    )
    await store.sessions.bind(NAMES.digest(SESSION_ID), ADA, ttl=60)
    found = redis.everything()
    assert len(found) >= 5
    raw = b" ".join(part for name, values in found.items() for part in (name, *values))
    for word in (b"Ada", b"copy", b"4321", b"pin", SESSION_ID, b"97000001", b"ready"):
        assert word not in raw


async def test_a_pin_without_material_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="material"):
        await step(store, 1, secrets=b"4321")


async def test_an_effect_is_done_once_by_its_key(store: Store) -> None:
    """A second step with the same key adds nothing, one with another key does."""
    first = await load(store, 1)
    assert await save(store, first, 1, effects=[(effect(1), b"a"), (effect(2), b"b")]) == 2
    second = await load(store, 2)
    assert await save(store, second, 2, effects=[(effect(1), b"a"), (effect(3), b"c")]) == 1
    kept = await store.effects.read(ADA.shard)
    assert [(e.key, e.payload) for e in kept] == [
        (effect(1), b"a"),
        (effect(2), b"b"),
        (effect(3), b"c"),
    ]


async def test_the_memory_of_an_effect_outlives_its_session(store: Store, redis: Server) -> None:
    await step(store, 1, ttl=20 * 86_400.0, effects=[(effect(1), b"a")])
    assert redis.admin.ttl(NAMES.effect(ADA.shard, effect(1))) > 19 * 86_400


async def test_old_effects_leave_the_stream(redis: Server) -> None:
    """What nothing took off in its life goes when later effects come."""
    store = await open_store(
        redis_url=redis.url,
        secret_keys=[SECRET_KEY],
        name_key=NAME_KEY,
        lifetimes=Lifetimes(stream=60.0),
    )
    stream = NAMES.stream(ADA.shard)
    for number in range(200):
        redis.admin.xadd(stream, {"k": b"k", "b": b"b"}, id=f"{number + 1}-0")
    await step(store, 1, effects=[(effect(1), b"a")])
    assert 1 <= redis.admin.xlen(stream) < 200
    await store.close()


async def test_effects_are_read_in_order_and_from_a_place(store: Store) -> None:
    assert await store.effects.last(ADA.shard) == "0"
    for number in range(5):
        await step(store, number, effects=[(effect(number), b"%d" % number)], durable=False)
    kept = await store.effects.read(ADA.shard, count=3)
    assert [e.payload for e in kept] == [b"0", b"1", b"2"]
    rest = await store.effects.read(ADA.shard, after=kept[-1].id)
    assert [e.payload for e in rest] == [b"3", b"4"]
    assert await store.effects.last(ADA.shard) == rest[-1].id
    assert await store.effects.read(ADA.shard, after=rest[-1].id) == []


async def test_bindings_tell_whose_provider_session_it_is(store: Store, redis: Server) -> None:
    session = NAMES.digest(SESSION_ID)
    assert await store.sessions.seen(session) is None
    await store.sessions.bind(session, ADA, ttl=180.0)
    assert await store.sessions.seen(session) == ADA
    assert 0 < redis.admin.ttl(NAMES.binding(session)) <= 180


async def reopened(redis: Server, *secret_keys: bytes) -> Store:
    return await open_store(redis_url=redis.url, secret_keys=secret_keys, name_key=NAME_KEY)


async def test_keys_rotate_under_a_running_conversation(store: Store, redis: Server) -> None:
    """Old and new open; what is written next is sealed anew; the old key can then go."""
    new = b"N" * 32
    await step(store, 1, secrets=b"4321", material=SESSION_ID, effects=[(effect(1), b"a")])
    both = await reopened(redis, new, SECRET_KEY)
    found = await load(both, 2, material=SESSION_ID)
    assert (found.body, found.secrets) == (b"body 1", b"4321")
    await save(both, found, 2)
    after = await reopened(redis, new)
    assert (await load(after, 3)).body == b"body 2"
    assert [e.payload for e in await after.effects.read(ADA.shard)] == [None]
    assert [e.payload for e in await both.effects.read(ADA.shard)] == [b"a"]
    await both.close()
    await after.close()


async def test_a_session_of_a_lost_key_begins_anew(store: Store, redis: Server) -> None:
    await step(store, 1, language="fon")
    other = await reopened(redis, b"X" * 32)
    with pytest.raises(SealBroken):
        await load(other, 1)
    found = await load(other, 2)
    assert (found.state, found.broken, found.language) == (State.FRESH, True, "fon")
    await save(other, found, 2)
    assert (await load(other, 3)).body == b"body 2"
    await other.close()


@pytest.mark.parametrize("at", [1, 6, 20, 36, 60])
async def test_a_changed_session_is_noticed(store: Store, redis: Server, at: int) -> None:
    """Header or sealed part: it is not gone on with."""
    await step(store, 1)
    key = NAMES.session(ADA)
    value: Any = redis.admin.get(key)
    redis.admin.setrange(key, at, bytes([value[at] ^ 1]))
    assert (await load(store, 2)).broken


async def test_a_session_moved_to_another_citizen_is_noticed(store: Store, redis: Server) -> None:
    await step(store, 1)
    redis.admin.restore(NAMES.session(BIO), 60_000, redis.admin.dump(NAMES.session(ADA)) or b"")
    assert (await store.sessions.load(BIO, request(2), lease=LEASE)).broken


async def test_a_session_of_a_later_release_begins_anew(store: Store, redis: Server) -> None:
    redis.admin.set(NAMES.session(ADA), b"\x02" + bytes(100), ex=600)
    loaded = await load(store, 1)
    assert loaded.state is State.FRESH
    await save(store, loaded, 1)
    assert (await load(store, 2)).body == b"body 1"


async def test_a_large_session_is_kept_whole(store: Store) -> None:
    body = bytes(range(256)) * 4096
    await step(store, 1, body=body)
    assert (await load(store, 2)).body == body


@pytest.mark.parametrize("lease", [0.0, -1.0])
async def test_a_lease_of_nothing_is_a_mistake(store: Store, lease: float) -> None:
    with pytest.raises(ValueError, match="time to live"):
        await load(store, 1, lease=lease)


async def test_a_request_is_a_digest(store: Store) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        await store.sessions.load(ADA, b"short", lease=LEASE)
    with pytest.raises(ValueError, match="16 bytes"):
        await store.sessions.save(ADA, bytes(12), request=b"short", body=b"", ttl=1)


async def test_a_step_costs_two_commands(store: Store, redis: Server) -> None:
    """One function call to load, one to save; effects included, but for the wait on the disk."""
    counted = Counter(_calls(redis.admin))
    await step(store, 1, language="fr", secrets=b"1", material=b"m", effects=[], durable=False)
    await step(store, 2, effects=[(effect(1), b"a")], durable=False)
    assert Counter(_calls(redis.admin))["fcall"] - counted["fcall"] == 4


def _calls(admin: Redis) -> dict[str, int]:
    found: Any = admin.info("commandstats")
    return {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in found.items()}


async def test_a_language_can_be_remembered_without_a_conversation(
    store: Store, redis: Server
) -> None:
    assert await store.sessions.remembered(ADA) is None
    await store.sessions.remember(ADA, "fon")
    assert await store.sessions.remembered(ADA) == "fon"
    assert redis.admin.ttl(NAMES.language(ADA)) > 399 * 86_400


async def test_a_forgotten_citizen_is_new(store: Store, redis: Server) -> None:
    await step(store, 1, language="fon", secrets=b"4321", material=SESSION_ID)
    await store.sessions.forget(ADA)
    assert await load(store, 2, material=SESSION_ID) == Loaded(
        State.FRESH, claim=(await load_claim(redis))
    )


async def load_claim(redis: Server) -> bytes:
    """The claim as the session's header holds it, and no step saved before it."""
    value: Any = redis.admin.get(NAMES.session(ADA))
    return bytes(value[21:29]) + bytes(4)


def test_what_was_loaded_prints_nothing_of_its_content() -> None:
    """A traceback or a log line may hold it."""
    assert "4321" not in repr(Loaded(State.OPEN, b"4321", b"4321"))
