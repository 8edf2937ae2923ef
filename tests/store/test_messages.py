"""Text messages in the store: their marks, how many there were, and steps that leave no trace."""

from __future__ import annotations

import pytest

from gateway.errors import ClaimLost
from gateway.store import Loaded, State, Store
from tests.conftest import Server
from tests.store.test_sessions import ADA, LEASE, NAMES, effect, load, request, save, step

pytestmark = pytest.mark.anyio

MARK = NAMES.digest("message", "m-1")
WINDOWS = {"short": 60.0, "day": 3600.0}


async def text(store: Store, mark: bytes = MARK) -> Loaded:
    return await store.sessions.load(ADA, request("text"), lease=LEASE, mark=mark, windows=WINDOWS)


async def test_what_was_marked_is_done_though_she_has_gone_on(store: Store, redis: Server) -> None:
    loaded = await text(store)
    assert (loaded.state, loaded.counts) == (State.FRESH, (1, 1))
    await save(store, loaded, "text", mark=(MARK, 90.0))
    await step(store, 2)
    again = await text(store)
    assert (again.state, again.body, again.claim) == (State.DONE, None, None)
    assert 80_000 < redis.admin.pttl(NAMES.effect(ADA.shard, MARK)) <= 90_000


async def test_a_mark_is_no_effect(store: Store) -> None:
    loaded = await text(store)
    added = await save(store, loaded, 1, effects=[(effect(1), b"sms")], mark=(MARK, 90.0))
    assert added == 1
    [kept] = await store.effects.read(ADA.shard)
    assert (kept.key, kept.payload) == (effect(1), b"sms")


async def test_a_message_that_is_worked_on_is_busy_and_not_counted(store: Store) -> None:
    first = await text(store)
    assert (await text(store)).state is State.BUSY
    await save(store, first, 1, mark=(MARK, 90.0))
    assert (await text(store, NAMES.digest("message", "m-2"))).counts == (2, 2)


async def test_messages_are_counted_within_their_windows(store: Store, redis: Server) -> None:
    for count in (1, 2, 3):
        loaded = await text(store)
        assert loaded.counts == (count, count)
        assert loaded.claim is not None
        await store.sessions.release(ADA, loaded.claim)
    assert 0 < redis.admin.pttl(NAMES.tally(ADA, "short")) <= 60_000
    assert 3_500_000 < redis.admin.pttl(NAMES.tally(ADA, "day")) <= 3_600_000
    redis.admin.delete(NAMES.tally(ADA, "short"))
    assert (await text(store)).counts == (1, 4)


async def test_a_step_without_message_counts_nothing(store: Store, redis: Server) -> None:
    assert (await step(store, 1)).counts == ()
    assert not redis.admin.exists(NAMES.tally(ADA, "short"))


async def test_what_is_told_beside_a_conversation_leaves_it_as_it_is(
    store: Store, redis: Server
) -> None:
    await step(store, 1, secrets=b"4321", material=b"ATUid", language="fon")
    before = redis.admin.pttl(NAMES.session(ADA))
    loaded = await text(store)
    await save(
        store, loaded, 2, body=None, ttl=5.0, effects=[(effect(1), b"sms")], mark=(MARK, 90.0)
    )
    after = await load(store, 3, material=b"ATUid")
    assert (after.state, after.body, after.secrets) == (State.OPEN, b"body 1", b"4321")
    assert after.language == "fon"
    assert redis.admin.pttl(NAMES.session(ADA)) > before - 5_000
    assert len(await store.effects.read(ADA.shard)) == 1


async def test_what_is_told_to_somebody_new_begins_nothing(store: Store, redis: Server) -> None:
    loaded = await text(store)
    await save(store, loaded, 1, body=None, mark=(MARK, 90.0))
    assert not redis.admin.exists(NAMES.session(ADA))
    assert (await text(store)).state is State.DONE


async def test_who_lost_the_claim_marks_nothing(store: Store, redis: Server) -> None:
    loaded = await text(store)
    assert loaded.claim is not None
    await store.sessions.release(ADA, loaded.claim)
    for body in (b"late", None):
        with pytest.raises(ClaimLost):
            await save(store, loaded, 1, body=body, mark=(MARK, 90.0))
    assert not redis.admin.exists(NAMES.effect(ADA.shard, MARK))
