"""Call-backs and feedback through the API, as an agency's own system works on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from gateway.api.keys import Right
from gateway.messaging.acceptance import KeyKind
from tests.api.office import Office, fields
from tests.centre.town import ADA, AYO, Town, town
from tests.conftest import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(redis: Server) -> AsyncIterator[Town]:
    async with town(redis) as opened:
        yield opened


async def desk(place: Town, agency: str = "mairie", kind: KeyKind = KeyKind.TEST) -> Office:
    """Numbers of the demo are for tests."""
    return await Office(place.http, place.store, "").other(agency, kind)


async def asked(place: Town, office: Office) -> dict[str, Any]:
    await place.dial("1", "1", "99")
    await place.work()
    (one,) = (await office.get("/v1/callbacks")).json()["callbacks"]
    return dict(one)


async def patch(office: Office, callback: str, **body: Any) -> httpx2.Response:
    headers = office.bears({})
    return await office.http.patch(f"/v1/callbacks/{callback}", json=body, headers=headers)


async def test_an_agencys_system_takes_calls_and_ends(place: Town) -> None:
    office = await desk(place)
    hers = await asked(place, office)
    assert hers["details"] == {"sujet": "Actes d'état civil"}
    assert (hers["status"], hers["queue"], hers["tries"]) == ("waiting", "accueil", 0)
    assert (hers["phone"], hers["number"], hers["mine"]) == ("01 ** ** ** 01", None, False)
    for _ in range(2):
        taken = await patch(office, hers["id"], status="taken")
        assert (taken.status_code, taken.json()["number"]) == (200, ADA)
    read = (await office.get(f"/v1/callbacks/{hers['id']}")).json()
    assert (read["status"], read["mine"], read["number"]) == ("taken", True, None)
    assert (await office.get("/v1/callbacks?status=waiting")).json()["callbacks"] == []
    for _ in range(2):
        done = await patch(office, hers["id"], status="done", note="Elle passera lundi.")
        assert (done.json()["status"], done.json()["number"]) == ("done", None)
    (ended,) = (await office.get("/v1/callbacks?status=done")).json()["callbacks"]
    assert [(line["what"], line["by"], line["text"]) for line in ended["history"]] == [
        ("taken", "you", ""),
        ("done", "you", "Elle passera lundi."),
    ]
    shown = [deed.what for deed in await place.store.audit.read()]
    assert shown.count("number-shown") == 2
    assert ADA[1:].encode() not in repr(await place.store.audit.read()).encode()


async def test_what_its_state_forbids_is_said(place: Town) -> None:
    first, second = await desk(place), await desk(place)
    hers = await asked(place, first)
    for status in ("done", "unreachable"):
        refused = await patch(first, hers["id"], status=status)
        assert (refused.status_code, refused.json()["code"]) == (409, "not-taken")
    await patch(first, hers["id"], status="taken")
    for status in ("taken", "waiting", "done", "unreachable"):
        refused = await patch(second, hers["id"], status=status)
        assert (refused.status_code, refused.json()["code"]) == (409, "taken-by-other")
    for _ in range(2):  # a repeat notes nothing twice
        given = await patch(first, hers["id"], status="waiting", note="plus tard")
    assert [line["text"] for line in given.json()["history"]].count("plus tard") == 1
    assert (await patch(second, hers["id"], status="taken")).status_code == 200
    assert (await patch(second, hers["id"], status="unreachable")).json()["tries"] == 1
    assert (await patch(first, hers["id"], note="rappelée par écrit")).status_code == 200
    await patch(second, hers["id"], status="taken")
    await patch(second, hers["id"], status="done")
    refused = await patch(first, hers["id"], status="taken")
    assert (refused.status_code, refused.json()["code"]) == (409, "ended")


async def test_a_key_reaches_its_own_agencys_alone(place: Town) -> None:
    office = await desk(place)
    hers = await asked(place, office)
    for other in (await desk(place, "ecole"), await desk(place, kind=KeyKind.LIVE)):
        assert (await other.get("/v1/callbacks")).json()["callbacks"] == []
        assert (await other.get(f"/v1/callbacks/{hers['id']}")).status_code == 404
        assert (await patch(other, hers["id"], status="taken")).status_code == 404
    reader = await office.other("mairie", KeyKind.TEST, rights=(Right.FEEDBACK,))
    assert (await reader.get("/v1/callbacks")).status_code == 403
    assert (await reader.get("/v1/feedback")).status_code == 200


async def test_what_is_asked_wrongly(place: Town) -> None:
    office = await desk(place)
    hers = await asked(place, office)
    for query, field in (("status=perdu", "status"), ("after=demain", "after")):
        refused = await office.get(f"/v1/callbacks?{query}")
        assert (refused.status_code, fields(refused)) == (422, [(field, "wrong-type")])
    for query in ("since=hier", "after=x", "commented=2"):
        refused = await office.get(f"/v1/feedback?{query}")
        assert (refused.status_code, fields(refused)[0][0]) == (422, query.partition("=")[0])
    assert (await patch(office, hers["id"], status="perdu")).status_code == 422
    assert (await patch(office, hers["id"], note="x" * 1001)).status_code == 422
    assert (await patch(office, hers["id"], numero="1")).status_code == 422


async def test_feedback_of_the_agency_newest_first(place: Town) -> None:
    await place.dial("2", "2", "Trop de monde le lundi", number=AYO)
    await place.dial("2", "5")
    await place.work()
    office = await desk(place, kind=KeyKind.LIVE)
    found = (await office.get("/v1/feedback")).json()
    assert sorted((one["score"], one["comment"]) for one in found["feedback"]) == [
        (2, "Trop de monde le lundi"),
        (5, ""),
    ]
    assert {one["step"] for one in found["feedback"]} == {"Était-ce facile ?"}
    (commented,) = (await office.get("/v1/feedback?commented=1&service=guichet")).json()["feedback"]
    assert commented["score"] == 2
    since = "since=2100-01-01T00:00:00Z"
    assert (await office.get(f"/v1/feedback?{since}")).json()["feedback"] == []
    other = await desk(place, "ecole", KeyKind.LIVE)
    assert (await other.get("/v1/feedback")).json()["feedback"] == []
