"""Webhooks: agencies are told how their messages ended, in their own time."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Address

from gateway.events import CallbackState
from gateway.messaging.hooks import TOGETHER
from gateway.metrics import Metrics
from gateway.store import Draft, Store
from gateway.workshop import Workshop
from tests.centre.town import asked, rating
from tests.messaging.town import (
    ENVIRON,
    QUICK,
    draft,
    library,
    number,
    workshop,
)
from tests.turns.serving import listening

pytestmark = pytest.mark.anyio


class Ear:
    """An agency that is told. `says` are the statuses of its answers; the last one stays."""

    def __init__(self, *says: int) -> None:
        self.says = list(says) or [204]
        self.heard: list[tuple[dict[str, str], bytes]] = []

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Address("/hooks", self.hear, methods=["POST"])])

    async def hear(self, request: Request) -> Response:
        self.heard.append((dict(request.headers), await request.body()))
        status = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        return Response(status_code=status, headers={"location": "http://127.0.0.1:9/"})


@pytest.fixture
async def told(store: Store) -> Draft:
    """A message whose agency wants to hear of its end."""
    hers = draft(store, number("91"), told=True)
    await store.outbox.accept(hers)
    return hers


async def tell(store: Store, ear: Ear) -> None:
    async with listening(ear.app) as base:
        here = {**ENVIRON, "MAIRIE_WEBHOOK": f"{base}/hooks"}
        shop = Workshop(library(), here, Metrics(), pace=QUICK, demo=True)
        await shop.run(store, drain=True)


async def test_an_agency_is_told_how_its_message_ended(store: Store, told: Draft) -> None:
    ear = Ear()
    await tell(store, ear)
    ((headers, body),) = ear.heard
    assert b'"type":"message.failed"' in body
    assert b'"reference":"EC-1042"' in body
    assert b'"reason":"rejected"' in body
    assert number("91")[1:].encode() not in body
    assert b"Dossier" not in body
    assert headers["webhook-id"] == f"{told.id}.f"
    signed = b".".join((f"{told.id}.f".encode(), headers["webhook-timestamp"].encode(), body))
    expected = base64.b64encode(hmac.digest(b"secret", signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (429, True), (410, False), (404, False), (302, False)]
)
async def test_an_agency_that_does_not_listen(
    store: Store, told: Draft, status: int, again: bool
) -> None:
    ear = Ear(status)
    await tell(store, ear)
    assert len(ear.heard) == 1
    waiting = [await store.hooks.size(n) for n in range(store.names.shards)]
    assert sum(later for _, later in waiting) == int(again)
    assert sum(due for due, _ in waiting) == 0


async def test_an_agency_that_does_not_listen_keeps_nobody_waiting(store: Store) -> None:
    drafts = [draft(store, number("91"), str(n), told=True) for n in range(40)]
    for one in drafts:
        await store.outbox.accept(one)
    ear = Ear(503)
    await tell(store, ear)
    assert 1 <= len(ear.heard) <= 16  # those of one look; then it is left in peace
    waiting = [await store.hooks.size(n) for n in range(store.names.shards)]
    assert sum(later for _, later in waiting) == 40


async def test_an_agency_that_is_away_is_told_later(store: Store, told: Draft) -> None:
    await workshop().run(store, drain=True)  # nobody listens there
    waiting = [await store.hooks.size(n) for n in range(store.names.shards)]
    assert sum(later for _, later in waiting) == 1


async def test_a_slow_agency_leaves_connections_to_the_others(store: Store) -> None:
    """However many events one has waiting, a few of them are under way at a time."""
    for n in range(40):
        await store.outbox.accept(draft(store, number("01"), str(n), until=1000, told=True))
    ear, together, most = Ear(), 0, 0

    async def slow(request: Request) -> Response:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.02)
        together -= 1
        return await ear.hear(request)

    async with listening(Starlette(routes=[Address("/hooks", slow, methods=["POST"])])) as base:
        here = {**ENVIRON, "MAIRIE_WEBHOOK": f"{base}/hooks"}
        await Workshop(library(), here, Metrics(), pace=QUICK, demo=True).run(store, drain=True)
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == len(ear.heard) == 40
    assert 1 < most <= TOGETHER


async def test_an_agency_is_told_of_call_backs_and_ratings(store: Store) -> None:
    hers = asked(store, number("01"))
    for _ in range(2):  # accepted again, it is not news
        await store.callbacks.put(hers)
    record = await store.callbacks.read(hers.id)
    assert record is not None
    assert await store.callbacks.change(record, CallbackState.DONE)
    await store.feedback.put(rating(store, comment="Trop de monde"))
    ear = Ear()
    await tell(store, ear)
    bodies = {headers["webhook-id"]: json.loads(body) for headers, body in ear.heard}
    assert {body["type"] for body in bodies.values()} == {
        "callback.requested",
        "callback.done",
        "feedback.received",
    }
    assert bodies[f"{hers.id}.callback.requested"] == {
        "type": "callback.requested",
        "id": hers.id,
        "at": "2023-11-14T22:13:20+00:00",
        "queue": "accueil",
        "service": "guichet",
        "due": "2023-11-16T22:13:20+00:00",
    }
    (rated,) = [body for body in bodies.values() if body["type"] == "feedback.received"]
    assert (rated["service"], rated["score"]) == ("guichet", 4)
    assert not any(b"monde" in body for _, body in ear.heard)
