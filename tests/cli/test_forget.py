"""`gateway forget`: two citizens of one shard leave all there is; one is forgotten, and nothing in
all of Redis leads to her, while everything of the other stays as it was."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.api import keys
from gateway.centre import callbacks
from gateway.centre.callbacks import Actor, Body, sealed
from gateway.centre.forgetting import _Forgetting
from gateway.cli import main
from gateway.errors import ClaimLost
from gateway.events import Effect, MessageState
from gateway.messaging import following, orders
from gateway.messaging.acceptance import KeyKind
from gateway.messaging.following import Following
from gateway.store import Asked, Store, read_line
from gateway.store.seal import KEY_ID, NONCE, OVERHEAD, Seal, _derive
from gateway.web import inbox
from gateway.workshop import Workshop
from tests.conftest import NAME_KEY, SECRET_KEY, Server
from tests.messaging.town import LATER, QUICK, TEXT, draft
from tests.turns.serving import TOKEN, Agency, Phone, environ, gateway, listening

pytestmark = pytest.mark.anyio

MENUS = Path(__file__).parents[1] / "messaging" / "data" / "private"
HER = "+2290197000001"
CASE = "EC-778899"


def run(redis: Server, *arguments: str, says: str | None = None) -> Result:
    variables = {
        "REDIS_URL": redis.url,
        "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
        "GATEWAY_NAME_KEY": NAME_KEY.hex(),
        "GATEWAY_MENUS": str(MENUS),
    }
    return CliRunner().invoke(main, ["forget", *arguments], input=says, env=variables)


async def forget(redis: Server, *arguments: str) -> dict[str, int]:
    told = await asyncio.to_thread(run, redis, *arguments, "--yes", "--json")
    assert told.exit_code == 0, told.output
    counted: dict[str, int] = json.loads(told.output)
    return {name: count for name, count in counted.items() if count}


def neighbour(store: Store) -> str:
    """Another number of her shard."""
    shard = store.names.citizen(HER).shard
    numbers = (f"+22901970000{n:02}" for n in range(2, 90))
    return next(n for n in numbers if store.names.citizen(n).shard == shard)


class Town:
    """A gateway that runs, its agency and its worker."""

    def __init__(
        self, store: Store, http: httpx2.AsyncClient, token: str, shop: Callable[[], Workshop]
    ) -> None:
        self.store = store
        self.http = http
        self.base = str(http.base_url).rstrip("/")
        self.bears = {"Authorization": f"Bearer {token}"}
        self.shop = shop

    async def text(self, number: str, text: str, name: str) -> None:
        form = {"from": number, "to": "8585", "text": text, "id": f"{number}{name}"}
        address = f"/callbacks/africastalking/{TOKEN}/sms"
        assert (await self.http.post(address, data=form)).status_code == 200

    async def ask(self, number: str, name: str, **more: str) -> str:
        """A message of the agency; its number is written as people of old did."""
        body = {"template": "guichet/pret", "to": number[6:], "data": {"numero": "A-1"}, **more}
        headers = {**self.bears, "Idempotency-Key": f"{number}{name}"}
        answer = await self.http.post("/v1/messages", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def life(self, number: str) -> None:
        """What is done, and what a worker does of it."""
        phone = Phone(self.http, self.base, number=number, session=f"done-{number}")
        await phone.dial()
        for typed in ("1", "Awa", "1"):
            await phone.press(typed)
        await self.text(number, "AIDE", "help")
        await self.ask(number, "one", reference=CASE)
        await inbox.put(self.store, number, inbox.written("x", "AIDE"))
        citizen = self.store.names.citizen(number)
        await self.store.sessions.remember(citizen, "fr")
        await self.store.readings.put(citizen, "mairie", b"reading", b"answer", seconds=3600.0)
        await self.callback(number, "help")
        hers = following.encode(Following(number, "fr", "guichet"))
        await self.store.followers.follow(citizen, "mairie", CASE, hers)

    async def callback(self, number: str, queue: str, *, other: str = "") -> str:
        """A request to be called back, perhaps on another number."""
        names = self.store.names
        asked = Asked(
            id=names.message_id(names.citizen(number).shard, "callback", number, queue),
            citizen=names.citizen(number),
            queue=queue,
            agency="mairie",
            service="guichet",
            language="fr",
            at=1,
            due=2,
            test=True,
            body=sealed(Body(number, [("tel", other)] if other else [])),
        )
        _, callback_id = await self.store.callbacks.put(asked)
        return callback_id

    async def midst(self, number: str) -> None:
        """What no worker has done yet."""
        phone = Phone(self.http, self.base, number=number, session=f"midst-{number}")
        await phone.dial()
        for typed in ("1", "Awa", "1"):
            await phone.press(typed)
        (*_, kept) = await self.store.effects.read(self.store.names.citizen(number).shard)
        await self.store.effects.move(self.store.names.citizen(number).shard, kept, "callback")
        await phone.dial(session=f"pin-{number}")
        for typed in ("2", "4711"):
            await phone.press(typed)
        await self.text(number, "HELP", "more")
        await self.ask(number, "two", reference=CASE)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        await self.ask(number, "later", send_after=tomorrow.isoformat())

    async def batch(self, *numbers: str) -> str:
        rows = "".join(f"{number[6:]},A-2\n" for number in numbers)
        answer = await self.http.post(
            "/v1/messages/batches?template=guichet/pret",
            content=f"to,numero\n{rows}",
            headers={**self.bears, "Content-Type": "text/csv", "Idempotency-Key": "list"},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def work(self) -> None:
        await self.shop().run(self.store, drain=True)


@pytest.fixture
async def town(redis: Server) -> AsyncIterator[Town]:
    async with listening(Agency().app) as behind:
        variables = environ(
            redis.url,
            behind,
            GATEWAY_MENUS=str(MENUS),
            MAIRIE_WEBHOOK="http://127.0.0.1:9/hooks",
            MAIRIE_SECRET="whsec_c2VjcmV0",
        )
        app = gateway(variables)
        async with (
            listening(app) as base,
            httpx2.AsyncClient(base_url=base, trust_env=False, timeout=30) as http,
        ):
            assert app.store is not None
            _, token = await keys.create(app.store, "mairie", KeyKind.LIVE)

            def shop() -> Workshop:
                return Workshop(app.library, variables, app.metrics, pace=QUICK, demo=True)

            yield Town(app.store, http, token, shop)


def opened(raw: bytes) -> Iterator[bytes]:
    """Whatever lies sealed in a raw value, wherever it begins: read without asking for its name."""
    key = _derive(SECRET_KEY, b"gateway-seal")
    known = Seal([SECRET_KEY]).seal(b"", b"")[:KEY_ID]
    at = raw.find(known)
    while at >= 0 and len(raw) - at >= OVERHEAD:
        nonce = raw[at + KEY_ID : at + KEY_ID + NONCE]
        counter = modes.CTR(nonce + (2).to_bytes(4, "big"))  # GCM's own, SP 800-38D §7.1
        decryptor = Cipher(algorithms.AES(key), counter).decryptor()
        yield decryptor.update(raw[at + KEY_ID + NONCE : -16])
        at = raw.find(known, at + 1)


def everything(redis: Server) -> Mapping[bytes, frozenset[bytes]]:
    return {name: frozenset(values) for name, values in redis.everything().items()}


def leads_to(number: str, store: Store, name: bytes, values: frozenset[bytes]) -> list[bytes]:
    """The raw values under a name that hold the number or its hash, sealed or not."""
    signs = [number[4:].encode(), number[6:].encode(), store.names.citizen(number).digest.encode()]

    def shows(raw: bytes) -> bool:
        return any(sign in part for part in (raw, *opened(raw)) for sign in signs)

    return [raw for raw in (name, *values) if shows(raw)]


async def test_nothing_is_left_of_one_and_all_of_the_other(town: Town, redis: Server) -> None:
    store = town.store
    other = neighbour(store)
    for number in (HER, other):
        await town.life(number)
    await town.work()
    for number in (HER, other):
        await town.midst(number)
    await town.batch(HER, other)
    await town.text(other, "STOP", "stop")
    await town.text(HER, "STOP", "stop")
    before = everything(redis)
    hers = {name for name, values in before.items() if leads_to(HER, store, name, values)}
    kinds = {re.sub(rb"^\{\d+\}:([a-z]+).*", rb"\1", name).decode() for name in hers}
    assert kinds >= set("splnifjckboa") | {"m", "mb", "cb", "effects", "q"}
    ids = messages(store, redis, HER)
    assert len(ids) >= 5
    led = {name for name, values in before.items() if any(one.encode() in values for one in ids)}
    assert {b":x:", b":r:"} <= {name[4:7] for name in led}  # a provider's ids, a reference

    gone = await forget(redis, "97 00 00 01")

    after = everything(redis)
    for name, values in after.items():
        assert not leads_to(HER, store, name, values), f"{name!r} leads to her"
        assert name[4:7] not in (b":x:", b":r:") or not {one.encode() for one in ids} & values
    assert gone == {
        "conversations": 1,
        "pins": 1,
        "languages": 1,
        "counters": 2,
        "received": 1,
        "sessions": 3,
        "orders": gone["orders"],
        "messages": len(ids),
        "cancelled": 2,
        "batch_rows": 1,
        "answers": 3,
        "cases": 1,
        "callbacks": 1,
        "readings": 1,
        "stop_words": 1,
    }
    assert gone["orders"] >= 3
    for name, values in before.items():
        kept = leads_to(other, store, name, values)
        changed = [raw for raw in kept if raw != name and raw not in after.get(name, ())]
        assert name in after or not kept, f"{name!r} of the other is gone"
        assert not changed or b":j:" in name, f"{name!r} of the other was changed"
    deeds = await store.audit.read()
    assert [(deed.who, deed.what, deed.about) for deed in deeds] == [
        ("terminal", "citizen-forgotten", "")
    ]
    assert await forget(redis, HER) == {}  # and again, which finds nothing


def messages(store: Store, redis: Server, number: str) -> set[str]:
    digest = store.names.citizen(number).digest
    records = [name.decode() for name in redis.everything() if b":m:" in name]
    return {
        name.rpartition(":")[2]
        for name in records
        if redis.admin.hget(name, "i") == digest.encode()
    }


async def test_it_asks_first_and_says_what_it_removed(
    store: Store, redis: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    message = draft(store, HER)
    await store.outbox.accept(message)
    refused = await asyncio.to_thread(run, redis, HER, says="n\n")
    assert refused.exit_code == 1
    assert "Forget 01 ** ** ** 01 for good?" in refused.output
    assert await store.outbox.read(message.id) is not None
    told = await asyncio.to_thread(run, redis, HER, says="y\n")
    assert told.exit_code == 0
    assert "     1 messages\n     1 of them still to be sent: cancelled\n" in told.output
    assert told.output.endswith("nothing in them is known to be hers.\n")
    again = await asyncio.to_thread(run, redis, HER, "--yes")
    assert again.output.startswith("Nothing was kept of this number.\n")
    written = capfd.readouterr()
    for said in (refused.output, told.output, again.output, written.out, written.err):
        assert HER[4:] not in said


@pytest.mark.parametrize("wrong", ["97 00 00", "guichet", "+229019700000112"])
async def test_what_is_no_number_is_refused_and_not_repeated(redis: Server, wrong: str) -> None:
    refused = await asyncio.to_thread(run, redis, wrong, "--yes")
    assert refused.exit_code == 1
    assert "this is not a phone number" in refused.output
    assert wrong not in refused.output


@pytest.mark.parametrize("keep", [True, False])
async def test_a_stop_word_stays_if_she_wants_no_messages(
    store: Store, redis: Server, keep: bool
) -> None:
    """One that an earlier release wrote tells nobody whose it is; the site's sender finds it."""
    citizen = store.names.citizen(HER)
    await store.optouts.stop(citizen, "other")
    redis.admin.set(store.names.stop_word(citizen, "8585"), "")
    gone = await forget(redis, HER, *(["--keep-stop"] if keep else []))
    assert gone.get("stop_words", 0) == (0 if keep else 2)
    for sender in ("8585", "other"):
        assert await store.optouts.stopped(citizen, sender) == keep
    plain = await asyncio.to_thread(run, redis, HER, "--yes")
    assert ("she may get messages again" in plain.output) == keep  # now it goes


async def test_a_step_under_way_brings_nothing_back(store: Store, redis: Server) -> None:
    citizen, request = store.names.citizen(HER), b"r" * 16
    loaded = await store.sessions.load(citizen, request, lease=1.5)
    assert loaded.claim is not None
    forgetting = asyncio.create_task(forget(redis, HER))
    await asyncio.sleep(1.0)
    await store.readings.put(citizen, "mairie", b"reading", b"answer", seconds=60.0)
    assert await forgetting == {"conversations": 1, "readings": 1}
    with pytest.raises(ClaimLost):
        await store.sessions.save(
            citizen, loaded.claim, request=request, body=b"b", ttl=60.0, effects=[(request, b"e")]
        )
    found = {name[5:] for name in everything(redis)}
    assert found <= {b"audit", b"name-key", b"fence"}


async def test_an_order_in_hand_is_let_come_to_its_end(store: Store, redis: Server) -> None:
    """It would put her message into the outbox behind our back."""
    citizen, request = store.names.citizen(HER), b"r" * 16
    loaded = await store.sessions.load(citizen, request, lease=30.0)
    effect = Effect("sms", "c", "s", 0, "guichet", {"message": "", "text": "t"})
    payload = orders.encode(effect, phone=HER, language="fr", program="p", at=0)
    effects = [(b"1" * 16, payload), (b"2" * 16, payload)]
    await store.sessions.save(
        citizen, loaded.claim or b"", request=request, body=b"b", ttl=60.0, effects=effects
    )
    (kept,) = await store.effects.take(citizen.shard, 1, lease=30.0)
    forgetting = asyncio.create_task(forget(redis, HER))
    await asyncio.sleep(0.5)
    assert not forgetting.done()
    message = draft(store, HER)
    await store.outbox.accept(message)
    await store.effects.done(citizen.shard, kept)
    assert (await forgetting)["messages"] == 1
    assert await store.outbox.read(message.id) is None
    assert await store.effects.read(citizen.shard) == []


async def test_her_number_is_taken_out_of_others_requests(town: Town, redis: Server) -> None:
    """Who asked to be called on it is called on their own one; ended requests too."""
    store, other = town.store, "+2290197000055"
    first, second = [await town.callback(other, queue, other=HER) for queue in ("help", "late")]
    await callbacks.take(store, second, Actor("staff:anne"))
    await callbacks.done(store, second, Actor("staff:anne"))
    assert await forget(redis, HER) == {"mentions": 2}
    for callback_id in (first, second):
        shown = await callbacks.read(store, callback_id)
        assert shown is not None
        assert shown.details == ()
    await callbacks.take(store, first, Actor("staff:anne"))
    assert await callbacks.number(store, first, Actor("staff:anne")) == other


async def test_an_attempt_in_hand_is_let_come_to_its_end(store: Store, redis: Server) -> None:
    """Its provider's id is tied to the message only after the answer."""
    message = draft(store, HER)
    await store.outbox.accept(message)
    (taken,) = await store.outbox.lanes[message.lane].take(message.citizen.shard, 1, lease=30.0)
    line = read_line(taken.payload)
    begun = await store.outbox.begin(taken, line, message.lane, "p")
    assert begun is not None
    forgetting = asyncio.create_task(forget(redis, HER))
    await asyncio.sleep(0.5)
    assert not forgetting.done()
    await store.provider_ids.attach("p", "1", message.id)
    assert await store.outbox.settle(taken, line, message.lane, begun, MessageState.SENT)
    assert await forgetting == {"messages": 1}
    assert not redis.admin.exists(store.names.provider_id("p", "1")[1])
    assert not await store.outbox.report(message.id, MessageState.DELIVERED)


async def test_whom_a_worker_is_about_to_tell_is_waited_for(town: Town, redis: Server) -> None:
    """That she could not be reached: a message that would come after all."""
    store, anne = town.store, Actor("staff:anne")
    callback_id = await town.callback(HER, "help")
    for _ in range(callbacks.TRIES):
        await callbacks.take(store, callback_id, anne)
        await callbacks.unreachable(store, callback_id, anne)
    (taken,) = await store.missed.take(store.names.citizen(HER).shard, 1, lease=30.0)
    forgetting = asyncio.create_task(forget(redis, HER))
    await asyncio.sleep(0.5)
    assert not forgetting.done()
    await store.outbox.accept(draft(store, HER))
    await store.missed.done(taken)
    assert await forgetting == {"callbacks": 1, "messages": 1, "cancelled": 1}


async def test_nothing_comes_later_and_no_brake_remembers(store: Store, redis: Server) -> None:
    citizen, other = store.names.citizen(HER), store.names.citizen(neighbour(store))
    for number, whose in ((HER, citizen), (neighbour(store), other)):
        alike = store.names.digest("alike", whose.digest, TEXT)
        message = draft(store, number, due=LATER - 1, alike=alike)
        await store.outbox.accept(message, brake=3)
    _, later = store.names.queue(citizen.shard, "mass")
    assert redis.admin.zcard(later) == 2
    brakes = [name for name in redis.everything() if b":d:" in name]
    assert len(brakes) == 2
    await forget(redis, HER)
    assert [one.split()[0].decode() for one in redis.everything()[later.encode()]] == [message.id]
    assert [name for name in redis.everything() if b":d:" in name] == [
        store.names.brake(other, alike).encode()
    ]


async def test_a_batch_in_hand_is_let_come_to_the_end_of_its_piece(
    town: Town, redis: Server
) -> None:
    """A worker that has read the piece accepts her row all the same."""
    store = town.store
    batch = await town.batch(HER, neighbour(store))
    shard = store.names.shard_of(batch) or 0
    await store.jobs.queue.take(shard, 1, lease=60.0)
    forgetting = asyncio.create_task(forget(redis, HER))
    await asyncio.sleep(0.5)
    assert not forgetting.done()
    message = draft(store, HER)
    await store.outbox.accept(message)
    await store.jobs.advance(batch, 0, {})
    gone = await forgetting
    assert (gone["batch_rows"], gone["messages"]) == (1, 1)


async def test_a_message_of_an_earlier_release_is_found_by_its_text(
    store: Store, redis: Server
) -> None:
    message = draft(store, HER)
    await store.outbox.accept(message)
    redis.admin.hdel(store.names.message(message.citizen.shard, message.id)[0], "i")
    assert await forget(redis, HER) == {"messages": 1, "cancelled": 1}


@pytest.mark.parametrize("steps", range(1, 9))
async def test_whoever_is_killed_midway_begins_anew(town: Town, redis: Server, steps: int) -> None:
    """After each step, and in the midst of erasing."""
    store = town.store
    await town.life(HER)
    await town.work()
    await town.midst(HER)
    await town.batch(HER, neighbour(store))
    ids = messages(store, redis, HER)
    work = _Forgetting(store, HER, "BJ", (), keep_stop=False)
    first = (work.conversation, work.orders, work.callbacks, work.rows_and_cases, work.in_hand)
    for step in first[:steps]:
        await step()
    found: set[str] = await work.messages() if steps > 5 else set()
    if steps > 6:
        await work.links(found)
    if steps > 7:
        await work.erase(set(sorted(found)[:2]))
    await forget(redis, HER)
    for name, values in everything(redis).items():
        assert not leads_to(HER, store, name, values), f"{name!r} leads to her"
        assert name[4:7] not in (b":x:", b":r:") or not {one.encode() for one in ids} & values


async def test_an_order_that_no_key_opens_is_told_of(store: Store, redis: Server) -> None:
    shard = store.names.citizen(HER).shard
    redis.admin.xadd(store.names.stream(shard), {"k": b"k" * 16, "b": b"not ours"})
    told = await asyncio.to_thread(run, redis, HER, "--yes")
    assert "1 orders beside hers cannot be opened with these keys" in told.output
