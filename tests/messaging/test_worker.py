"""The worker on a real server: what becomes of messages, by way of the simulated provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx2
import pytest
import structlog

from gateway.events import Encoding, Fate, Lane, MessageState, OutgoingSms, Submission
from gateway.messaging import following, letter
from gateway.messaging.dispatch import Dispatch
from gateway.messaging.errands import Errands
from gateway.messaging.hooks import Hooks
from gateway.messaging.pace import Pace
from gateway.messaging.relay import Relay
from gateway.messaging.senders import Route, Senders, open_routes
from gateway.messaging.window import Window
from gateway.messaging.worker import Worker
from gateway.metrics import Metrics
from gateway.store import Store
from tests.conftest import Server
from tests.messaging.town import (
    ENVIRON,
    QUICK,
    TEXT,
    Handset,
    draft,
    library,
    now,
    number,
    path,
    record,
    states,
    workshop,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def handset() -> Handset:
    return Handset()


async def drain(store: Store, handset: Handset | None = None, **more: object) -> None:
    await workshop(handset, **more).run(store, drain=True)


# ---- each outcome --------------------------------------------------------------------

SUBMITTED = ["accepted", "queued", "submitting simulated"]


@pytest.mark.parametrize(
    ("digits", "hold", "ends", "arrives"),
    [
        ("01", True, ["sent", "delivered"], 1),
        ("90", True, ["sent", "failed network"], 0),
        ("91", True, ["failed rejected"], 0),
        ("92", True, ["sent", "expired absent"], 0),
        ("93", True, ["uncertain deadline", "delivered"], 1),
        ("94", True, ["queued throttled", "submitting simulated", "sent", "delivered"], 1),
        ("95", True, ["suppressed opted-out"], 0),
        ("96", True, ["sent"], 1),
        ("97", True, ["delivered"], 1),
        ("98", True, ["sent", "delivered"], 1),
    ],
)
async def test_what_becomes_of_a_message(
    store: Store, handset: Handset, digits: str, hold: bool, ends: list[str], arrives: int
) -> None:
    hers = draft(store, number(digits), hold=hold)
    await store.outbox.accept(hers)
    shop = workshop(handset)
    working = asyncio.create_task(shop.run(store))
    async with asyncio.timeout(10):
        while len(await path(store, hers)) < len(SUBMITTED) + len(ends):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    shop.worker.stop()
    await working
    assert await path(store, hers) == [*SUBMITTED, *ends]
    assert [sms.text for sms in handset.received] == [TEXT] * arrives


async def test_a_whole_campaign_arrives_once(store: Store, handset: Handset) -> None:
    drafts = [draft(store, f"+229019712{n:04}") for n in range(300)]
    await asyncio.gather(*(store.outbox.accept(one, durable=False) for one in drafts))
    await asyncio.gather(*(drain(store, handset) for _ in range(3)))  # three workers
    assert set(await states(store, drafts)) == {MessageState.DELIVERED}
    assert len({sms.id for sms in handset.received}) == len(handset.received) == 300


async def test_an_empty_body_is_told_and_not_tried(store: Store) -> None:
    hers = draft(store, number("01"), body=b"of another release")
    await store.outbox.accept(hers)
    await drain(store)
    assert (await path(store, hers))[-1] == "failed unreadable"


# ---- one sender at a time ------------------------------------------------------------


class Scripted:
    """A provider that does as it is told, message by message; the last word stays."""

    def __init__(self, *says: Submission) -> None:
        self.says = list(says)
        self.sent: list[OutgoingSms] = []

    async def send(self, sms: OutgoingSms) -> Submission:
        self.sent.append(sms)
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


def dispatch(*routes: Route, window: Window | None = None, pace: Pace = QUICK) -> Dispatch:
    shut = window or Window(None, "Africa/Porto-Novo")
    senders = Senders(routes, Scripted(Submission(Fate.SENT)))
    return Dispatch(senders, lambda: shut, Metrics(), pace, chance=lambda: 1.0)


async def settle(store: Store, working: Dispatch) -> None:
    while await working.run(store) or working.under_way:
        await working.finish(5)


SENT = Submission(Fate.SENT, "p-1")
UNSURE = Submission(Fate.UNSURE, reason="deadline")


async def test_what_may_have_been_sent_is_held_or_sent_again(store: Store) -> None:
    held, again = draft(store, number("01")), draft(store, number("02"), hold=False)
    provider = Scripted(UNSURE, UNSURE, SENT)
    await store.outbox.accept(held)
    await store.outbox.accept(again)
    working = dispatch(Route("one", provider, 1000))
    while (await record(store, again)).state is not MessageState.SENT:
        await settle(store, working)
    assert (await record(store, held)).state is MessageState.UNCERTAIN
    assert (await path(store, again))[2:5] == [
        "submitting one",
        "queued deadline",
        "submitting one",
    ]
    assert len(provider.sent) == 3


async def test_a_provider_that_fails_in_a_row_rests_and_another_sends(store: Store) -> None:
    first = Scripted(Submission(Fate.RETRY, reason="unreachable"))
    second = Scripted(SENT)
    drafts = [draft(store, number("01"), str(n)) for n in range(6)]
    for one in drafts:
        await store.outbox.accept(one)
    working = dispatch(Route("one", first, 1000), Route("two", second, 1000))
    while set(await states(store, drafts)) != {MessageState.SENT}:
        await settle(store, working)
    assert len(first.sent) >= 5
    assert len(second.sent) == 6
    assert await store.gates.paused("one") > 20
    assert await store.gates.paused("two") == 0


async def test_an_empty_account_rests_as_long_as_it_says(store: Store) -> None:
    empty = Scripted(Submission(Fate.RETRY, reason="insufficient-balance", pause=600.0))
    hers = draft(store, number("01"))
    await store.outbox.accept(hers)
    working = dispatch(Route("one", empty, 1000))
    await settle(store, working)
    assert await store.gates.paused("one") > 590
    assert len(empty.sent) == 1
    assert (await record(store, hers)).state is MessageState.QUEUED  # and waits


async def test_a_receipt_is_found_though_the_answer_was_lost(store: Store) -> None:
    """The provider takes our id: what was tied before the attempt needs no answer."""
    hers = draft(store, number("01"))
    await store.outbox.accept(hers)
    working = dispatch(Route("one", Scripted(UNSURE), 1000, names_messages=True))
    await settle(store, working)
    assert (await record(store, hers)).state is MessageState.UNCERTAIN
    assert await store.provider_ids.trace("one", hers.id, b"delivered ") == hers.id


async def test_nobody_is_woken(store: Store) -> None:
    """In quiet hours a campaign waits; an answer to what she just did does not."""
    always = Window(("00:00", "23:59"), "Africa/Porto-Novo")
    mass = draft(store, number("01"), any_hour=False)
    answer = draft(store, number("02"), lane=Lane.ANSWERS, any_hour=True)
    await store.outbox.accept(mass)
    await store.outbox.accept(answer)
    provider = Scripted(SENT)
    await settle(store, dispatch(Route("one", provider, 1000), window=always))
    assert [sms.to for sms in provider.sent] == [number("02")]
    sizes = [await store.outbox.lanes[Lane.MASS].size(n) for n in range(store.names.shards)]
    assert sum(later for _, later in sizes) == 1


async def test_answers_find_a_hand_free_while_a_campaign_is_under_way(store: Store) -> None:
    class Slow(Scripted):
        gate = asyncio.Event()

        async def send(self, sms: OutgoingSms) -> Submission:
            if sms.to == number("01"):
                await self.gate.wait()
            return await super().send(sms)

    provider = Slow(SENT)
    pace = Pace(hands=4, lease=5.0, first_pause=0.02)
    working = dispatch(Route("one", provider, 1000), pace=pace)
    for n in range(8):
        await store.outbox.accept(draft(store, number("01"), str(n)))
    while working.under_way < 3:
        await working.run(store)
    answer = draft(store, number("02"), lane=Lane.ANSWERS)
    await store.outbox.accept(answer)
    while not provider.sent:
        await working.run(store)
        await asyncio.sleep(0)
    assert provider.sent[0].to == number("02")
    provider.gate.set()
    await settle(store, working)


async def test_what_is_under_way_is_renewed(store: Store) -> None:
    class Slow(Scripted):
        gate = asyncio.Event()

        async def send(self, sms: OutgoingSms) -> Submission:
            await self.gate.wait()
            return await super().send(sms)

    provider = Slow(SENT)
    hers = draft(store, number("01"))
    await store.outbox.accept(hers)
    pace = Pace(lease=0.3, first_pause=0.02)
    slow, other = (dispatch(Route("one", provider, 1000), pace=pace) for _ in range(2))
    while not slow.under_way:
        await slow.run(store)
    for _ in range(10):
        await asyncio.sleep(0.1)
        await slow.renew(store)
        assert await other.run(store) == 0
    provider.gate.set()
    await settle(store, slow)
    assert await path(store, hers) == ["accepted", "queued", "submitting one", "sent"]


def test_a_provider_that_there_is_not_is_named() -> None:
    from dataclasses import replace

    from gateway.errors import SettingsError

    site = library().current.site
    with pytest.raises(SettingsError, match="AT_USERNAME is missing"):
        open_routes(site, {}, httpx2.AsyncClient)
    strange = replace(site.sms.providers[0], name="pigeon")
    with pytest.raises(SettingsError, match=r"no provider « pigeon ».*africastalking, infobip"):
        open_routes(
            replace(site, sms=replace(site.sms, providers=(strange,))), {}, httpx2.AsyncClient
        )
    with pytest.raises(SettingsError, match="nobody to send through"):
        open_routes(replace(site, sms=replace(site.sms, providers=())), {}, httpx2.AsyncClient)


async def test_a_job_that_takes_long_does_not_hold_up_a_stop(store: Store) -> None:
    begun = asyncio.Event()

    class Endless:
        async def go_on(self, store: Store, job_id: str) -> None:
            begun.set()
            await asyncio.Event().wait()

    errands = Errands({"endless": Endless()}, QUICK)
    job = store.names.message_id(3, "job")
    await store.jobs.put(job, {"kind": "endless"}, [b"piece"])
    assert await errands.run(store, 3) == 1
    await begun.wait()
    await errands.finish()
    (again,) = await store.jobs.queue.take(3, 1, lease=0.0)
    assert again.again  # the next worker goes on with it


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def test_renewing_goes_on_after_a_fault(store: Store, redis: Server) -> None:
    """A lane that is something else for a moment cannot be renewed, and is afterwards."""

    class Slow(Scripted):
        gate = asyncio.Event()

        async def send(self, sms: OutgoingSms) -> Submission:
            await self.gate.wait()
            return await super().send(sms)

    provider, hers = Slow(SENT), draft(store, number("01"))
    await store.outbox.accept(hers)
    pace = Pace(lease=0.03, first_pause=0.02)
    working = dispatch(Route("one", provider, 1000), pace=pace)
    hooks = Hooks(ENVIRON, httpx2.AsyncClient(), Metrics(), pace)
    worker = Worker(Relay(library(), Metrics(), {}), working, hooks, {}, {}, Metrics(), pace)
    while not working.under_way:
        await working.run(store)
    stream, _ = store.names.queue(hers.citizen.shard, hers.lane.value)

    def idle() -> int:
        (pending,) = redis.admin.xpending_range(stream, "workers", "-", "+", 1)
        return int(pending["time_since_delivered"])

    redis.admin.rename(stream, "aside")
    redis.admin.set(stream, "no stream")
    renewing = asyncio.create_task(worker._renewals(store))
    with structlog.testing.capture_logs() as logs:
        await until(lambda: bool(logs))
    redis.admin.rename("aside", stream)
    before = idle()
    await until(lambda: idle() < before)
    renewing.cancel()
    provider.gate.set()
    await settle(store, working)
    assert (await path(store, hers))[-1] == "sent"


# ---- orders of citizens' steps -------------------------------------------------------


async def order(store: Store, to: str, kind: str, **body: object) -> None:
    """What a step leaves in its shard's stream."""
    from gateway.events import Effect
    from gateway.messaging import orders

    citizen = store.names.citizen(to)
    effect = Effect(kind, "c1", f"step-{kind}", 0, "guichet", body)  # type: ignore[arg-type]
    payload = orders.encode(
        effect, phone=to, language="fr", program=library().current.hash, at=now() // 1000
    )
    loaded = await store.sessions.load(citizen, b"r" * 16, lease=5)
    assert loaded.claim is not None
    await store.sessions.save(
        citizen,
        loaded.claim,
        request=kind.encode().ljust(16, b"r"),
        body=b"s",
        ttl=60,
        effects=[((kind + to[-2:]).encode().ljust(16, b"k"), payload)],
    )


SMS = {"message": "recu", "language": "fr", "encoding": "gsm7", "text": "Mairie : c'est noté."}


async def test_what_a_step_ordered_is_sent(store: Store, handset: Handset) -> None:
    await order(store, number("01"), "sms", **SMS)
    await drain(store, handset)
    (sms,) = handset.received
    assert (sms.text, sms.sender, sms.encoding) == ("Mairie : c'est noté.", "8585", Encoding.GSM7)


@pytest.mark.parametrize(("reply", "arrives"), [(True, 1), (False, 0)])
async def test_a_stop_word_stops_messages_and_no_answers(
    store: Store, handset: Handset, reply: bool, arrives: int
) -> None:
    await store.optouts.stop(store.names.citizen(number("01")), "8585")
    await order(store, number("01"), "sms", **SMS, reply=reply)
    await drain(store, handset)
    assert len(handset.received) == arrives


async def test_an_order_that_nobody_can_do_is_set_aside(store: Store, handset: Handset) -> None:
    await order(store, number("01"), "sms", **{**SMS, "encoding": "morse"})
    await order(store, number("02"), "sms", **SMS)
    await drain(store, handset)
    assert [sms.to for sms in handset.received] == [number("02")]


async def test_who_follows_a_case_is_kept_with_it(store: Store) -> None:
    await order(store, number("01"), "follow", agency="mairie", reference="EC-1", language="fr")
    await drain(store)
    citizen = store.names.citizen(number("01"))
    (follower,) = await store.followers.of(citizen.shard, "mairie", "EC-1")
    assert follower.citizen == citizen
    assert follower.payload is not None
    assert following.decode(follower.payload).phone == number("01")


@pytest.mark.parametrize("kind", ["callback", "rate"])
async def test_what_has_no_desk_yet_waits_for_it(store: Store, kind: str) -> None:
    await order(store, number("01"), kind, queue="accueil")
    await drain(store)
    shard = store.names.citizen(number("01")).shard
    assert await store.effects.read(shard) == []
    name, _ = store.names.queue(shard, kind)
    from gateway.store.queues import Queue

    waiting = Queue(store.effects._nodes, store.names, kind)
    assert await waiting.size(shard) == (1, 0)
    assert name.endswith(kind)


async def test_the_body_of_a_message_tells_nothing_when_printed() -> None:
    hers = letter.Letter(number("01"), "8585", TEXT, Encoding.GSM7, "fr")
    assert repr(hers) == "Letter()"
