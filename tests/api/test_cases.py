"""News of a case: to all who follow it, to nobody else, and once."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from gateway.messaging import following
from gateway.messaging.acceptance import KeyKind
from gateway.messaging.cases import CaseUpdates
from gateway.messaging.following import Following
from gateway.store import Store
from tests.api.office import Office, fields, library
from tests.conftest import Server

pytestmark = pytest.mark.anyio

NEWS = {"template": "guichet/pret", "data": {"numero": "EC-1042"}}


async def follow(store: Store, number: int, reference: str = "EC-1042") -> None:
    phone = f"+22901970000{number:02}"
    payload = following.encode(Following(phone, "fr", "guichet"))
    await store.followers.follow(store.names.citizen(phone), "mairie", reference, payload)


async def tell(
    office: Office, reference: str = "EC-1042", *, final: bool = False, **headers: str
) -> httpx2.Response:
    body = {**NEWS, "final": final}
    path = f"/v1/cases/{reference}/updates"
    return await office.http.post(path, json=body, headers=office.bears(headers))


async def go_on(office: Office, update: str) -> None:
    await CaseUpdates(library()).go_on(office.store, update)


def accepted(redis: Server) -> int:
    return len([name for name in redis.everything() if b":m:" in name])


async def test_all_who_follow_a_case_are_told_once(office: Office, redis: Server) -> None:
    for number in range(20):
        await follow(office.store, number)
    await follow(office.store, 50, "EC-7")
    told = await tell(office)
    assert told.status_code == 202, told.text
    update = told.json()["id"]
    for seconds in (0.002, 0.01):
        working = asyncio.create_task(go_on(office, update))
        await asyncio.sleep(seconds)
        working.cancel()  # as if it were killed
        await asyncio.gather(working, return_exceptions=True)
    await go_on(office, update)
    assert accepted(redis) == 20
    shown = (await office.get(f"/v1/cases/ec-1042/updates/{update}")).json()
    assert (shown["status"], shown["accepted"]) == ("done", 20)


async def test_the_last_news_end_the_following(office: Office, redis: Server) -> None:
    await follow(office.store, 1)
    await go_on(office, (await tell(office, final=True)).json()["id"])
    await go_on(office, (await tell(office)).json()["id"])
    assert accepted(redis) == 1


async def test_whom_the_last_news_did_not_reach_follows_on(office: Office, redis: Server) -> None:
    await follow(office.store, 1)
    citizen = office.store.names.citizen("+2290197000002")
    await office.store.followers.follow(citizen, "mairie", "EC-1042", b"of another release")
    update = (await tell(office, final=True)).json()["id"]
    await go_on(office, update)
    shown = (await office.get(f"/v1/cases/EC-1042/updates/{update}")).json()
    assert (shown["accepted"], shown["refused"]) == (1, 1)
    assert await office.store.followers.follows(citizen, "mairie", "EC-1042")
    told = office.store.names.citizen("+2290197000001")
    assert not await office.store.followers.follows(told, "mairie", "EC-1042")


async def test_a_teams_key_tells_its_team(office: Office, redis: Server) -> None:
    for number in (1, 2):
        await follow(office.store, number)
    team = await office.other("mairie", KeyKind.TEAM, team=["+2290197000001"])
    update = (await tell(team)).json()["id"]
    await go_on(team, update)
    shown = (await team.get(f"/v1/cases/EC-1042/updates/{update}")).json()
    assert (shown["accepted"], shown["refused"], accepted(redis)) == (1, 1, 1)


async def test_a_test_ends_nothing_and_reaches_nobody(office: Office, redis: Server) -> None:
    await follow(office.store, 1)
    tester = await office.other("mairie", KeyKind.TEST)
    await go_on(tester, (await tell(tester, final=True)).json()["id"])
    assert accepted(redis) == 1
    citizen = office.store.names.citizen("+2290197000001")
    assert await office.store.followers.follows(citizen, "mairie", "EC-1042")


async def test_another_agencys_case_of_the_same_name_is_another(
    office: Office, redis: Server
) -> None:
    await follow(office.store, 1)
    school = await office.other("ecole")
    body = {"template": "classe/pret", "data": {"numero": "EC-1042"}}
    told = await school.http.post("/v1/cases/EC-1042/updates", json=body, headers=school.bears({}))
    await go_on(school, told.json()["id"])
    assert accepted(redis) == 0
    assert (await office.get(f"/v1/cases/EC-1042/updates/{told.json()['id']}")).status_code == 404


async def test_the_same_request_is_one_update(office: Office) -> None:
    first = (await tell(office, Idempotency_Key="a")).json()
    again = (await tell(office, Idempotency_Key="a")).json()
    assert (again["id"], again["repeated"]) == (first["id"], True)
    other = await tell(office, final=True, Idempotency_Key="a")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


async def test_faults_are_named_before_anything_is_kept(office: Office, redis: Server) -> None:
    path = "/v1/cases/EC-1042/updates"
    for body, field in (
        ({**NEWS, "template": "guichet/rien"}, "template"),
        ({**NEWS, "data": {}}, "data.numero"),
        ({**NEWS, "to": "x"}, "to"),
        ({**NEWS, "valid_until": "2020-01-01T00:00:00Z"}, "valid_until"),
        ({**NEWS, "send_after": "2099-01-01T00:00:00Z"}, "send_after"),
    ):
        refused = await office.http.post(path, json=body, headers=office.bears({}))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field
    assert not [name for name in redis.everything() if b":j:" in name]


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ({"valid_until": "2020-01-01T00:00:00Z"}, ("valid_until", "past")),
        ({"send_after": "2999-01-01T00:00:00Z"}, ("send_after", "too-late")),
    ],
)
async def test_times_that_suit_nobody_are_refused_at_once(
    office: Office, times: dict[str, str], fault: tuple[str, str]
) -> None:
    await follow(office.store, 1)
    body = {**NEWS, **times}
    told = await office.http.post(
        "/v1/cases/EC-1042/updates",
        json=body,
        headers=office.bears({"Idempotency_Key": "nouvelle-1"}),
    )
    assert (told.status_code, fields(told)) == (422, [fault])
    assert (await tell(office, Idempotency_Key="nouvelle-1")).status_code == 202
