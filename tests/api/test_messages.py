"""An agency's messages over HTTP: accepted, shown, cancelled, and refused."""

from __future__ import annotations

import asyncio
import json
import shlex
from asyncio.subprocess import PIPE
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from gateway.api import keys
from gateway.api import serving as api
from gateway.api.first import first_messages
from gateway.api.keys import Right
from gateway.messaging.acceptance import KeyKind
from tests.api.office import ADA, READY, Office, fields, library
from tests.conftest import Server

pytestmark = pytest.mark.anyio


async def test_a_message_is_accepted_shown_and_cancelled(office: Office) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    later = {"send_after": tomorrow.isoformat(), "reference": "EC-1042"}
    sent = await office.send({**READY, **later})
    assert sent.status_code == 202, sent.text
    path = f"/v1/messages/{sent.json()['id']}"
    shown = (await office.get(path)).json()
    assert (shown["status"], shown["segments"]) == ("accepted", 1)
    assert shown["to"] == "01 ** ** ** 01"
    assert shown["text"] == "Mairie : Dossier EC-1042 pret."
    found = (await office.get("/v1/messages?reference=EC-1042")).json()["messages"]
    assert [message["id"] for message in found] == [sent.json()["id"]]
    first = await office.http.post(f"{path}/cancel", headers=office.bears({}))
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")


async def test_tests_under_the_same_reference_hide_nothing(office: Office) -> None:
    sent = await office.send({**READY, "reference": "EC-7"})
    tester = await office.other("mairie", KeyKind.TEST)
    for number in range(60):
        await tester.send({**READY, "data": {"numero": f"EC-{number}"}, "reference": "EC-7"})
    found = (await office.get("/v1/messages?reference=EC-7")).json()["messages"]
    assert [message["id"] for message in found] == [sent.json()["id"]]


async def test_what_is_suppressed_says_why(office: Office) -> None:
    await office.store.optouts.stop(office.store.names.citizen(ADA), "8585")
    told = (await office.send(READY)).json()
    assert (told["status"], told["reason"]) == ("suppressed", "opted-out")


async def test_an_old_number_is_rewritten_and_said_so(office: Office) -> None:
    assert (await office.send({**READY, "to": "97 00 00 01"})).json()["to"] == ADA
    assert "to" not in (await office.send({**READY, "to": "01 97 00 00 01"})).json()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"template": "classe/pret"}, ("template", "unknown-template")),  # another agency's
        ({"template": "guichet/rien"}, ("template", "unknown-template")),
        ({"data": {}}, ("data.numero", "missing")),
        ({"data": {"numero": "1" * 13}}, ("data.numero", "too-long")),
        ({"data": {"numero": "1", "nom": "A"}}, ("data.nom", "unknown")),
        ({"to": "+33612345678"}, ("to", "foreign")),
        ({"to": "bonjour"}, ("to", "not-a-number")),
        ({"language": "en"}, ("language", "not-offered")),
        ({"valid_until": "2020-01-01T00:00:00Z"}, ("valid_until", "past")),
        ({"copies": 2}, ("copies", "unknown")),
        ({"to": 97}, ("to", "wrong-type")),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_kept(
    office: Office, redis: Server, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    response = await office.send({**READY, **change}, Idempotency_Key="une")
    assert response.status_code == 422
    assert fields(response) == [fault]
    assert not [name for name in redis.everything() if b":m:" in name or b":k:" in name]


async def test_the_same_request_is_done_once(office: Office, redis: Server) -> None:
    both = await asyncio.gather(*(office.send(READY, Idempotency_Key="a") for _ in range(8)))
    assert {response.status_code for response in both} == {202}
    assert len({response.json()["id"] for response in both}) == 1
    again = await office.send(READY, Idempotency_Key="a")
    assert again.headers["idempotency-replayed"] == "true"
    other = await office.send({**READY, "to": "+2290197000002"}, Idempotency_Key="a")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert len([name for name in redis.everything() if b":m:" in name]) == 1


async def test_a_claim_whose_process_died_is_completed(office: Office, redis: Server) -> None:
    first = (await office.send(READY, Idempotency_Key="a")).json()["id"]
    for name in redis.everything():
        if b":m:" in name or b":mb:" in name:
            redis.admin.delete(name)  # as if it had died before it accepted
        elif b":k:" in name:
            value: Any = redis.admin.get(name)
            redis.admin.set(name, value[:16], ex=60)
    again = await office.send(READY, Idempotency_Key="a")
    assert again.json()["id"] == first
    assert (await office.get(f"/v1/messages/{first}")).status_code == 200


async def test_agencies_see_nothing_of_each_other(office: Office) -> None:
    path = f"/v1/messages/{(await office.send({**READY, 'reference': 'R'})).json()['id']}"
    school = await office.other("ecole")
    assert (await school.get(path)).json() == (await school.get("/v1/messages/rien")).json()
    cancelled = await school.http.post(f"{path}/cancel", headers=school.bears({}))
    assert cancelled.status_code == 404
    assert (await school.get("/v1/messages?reference=R")).json() == {"messages": []}
    tester = await office.other("mairie", KeyKind.TEST)
    assert (await tester.get(path)).status_code == 404


async def test_keys_open_what_they_are_for(office: Office, redis: Server) -> None:
    reader = await office.other("mairie", rights=(Right.READ,))
    assert (await reader.send(READY)).status_code == 403
    team = await office.other("mairie", KeyKind.TEAM, team=(ADA,))
    assert (await team.send(READY)).status_code == 202
    assert fields(await team.send({**READY, "to": "+2290197000002"})) == [("to", "not-in-team")]
    tester = await office.other("mairie", KeyKind.TEST)
    sent = (await tester.send(READY)).json()["id"]
    assert (await tester.get(f"/v1/messages/{sent}")).json()["test"] is True
    secret = office.token.rpartition("_")[2].encode()
    assert not any(secret in value for values in redis.everything().values() for value in values)


async def test_revoked_expired_and_made_up_keys_open_nothing(office: Office) -> None:
    late = await office.other("mairie", seconds=0)
    gone = await office.other("mairie")
    await keys.revoke(office.store, gone.token.split("_")[2])
    forged = Office(office.http, office.store, office.token[:-2] + "xx")
    for holder in (late, gone, forged, Office(office.http, office.store, "é")):
        token = holder.token.encode()
        response = await office.http.get(
            "/v1/messages/x", headers=[(b"Authorization", b"Bearer " + token)]
        )
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")


async def test_bodies_that_are_none(office: Office) -> None:
    async def post(content: bytes, kind: str = "application/json") -> int:
        headers = office.bears({"Content_Type": kind})
        response = await office.http.post("/v1/messages", content=content, headers=headers)
        assert response.headers["content-type"] == "application/problem+json"
        return response.status_code

    assert await post(b"{") == 400
    assert await post(b'{"to": "\xff"}') == 400
    assert await post(b"[" * 60_000) in (400, 422)
    assert await post(b'{"to": "\\ud800", "template": "x"}') in (400, 422)
    assert await post(b'{"template": "guichet/pret", "to": "x", "data": {"n": 1e999}}') in (
        400,
        422,
    )
    assert await post(b"{}", "text/csv") == 415
    assert await post(b" " * 70_000) == 413


async def test_a_key_that_asks_too_often_waits(office: Office) -> None:
    answers = await asyncio.gather(*(office.get("/v1/messages/x") for _ in range(250)))
    refused = [response for response in answers if response.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
JSON = st.recursive(
    LEAF.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
CHANGES = st.dictionaries(st.sampled_from([*READY, "language", "send_after", "x"]), JSON)


async def test_no_json_breaks_it(office: Office) -> None:
    bodies: list[Any] = []

    @settings(max_examples=80, database=None, suppress_health_check=list(HealthCheck))
    @given(CHANGES.map(lambda change: {**READY, **change}) | JSON)
    def collect(body: Any) -> None:
        bodies.append(body)

    collect()
    sender = office
    for number, body in enumerate(bodies):
        if number % 40 == 0:
            sender = await office.other("mairie")  # within what one key may ask at once
        content = json.dumps(body).encode()
        headers = sender.bears({"Content_Type": "application/json"})
        answer = await sender.http.post("/v1/messages", content=content, headers=headers)
        assert answer.status_code in (202, 400, 422)


async def test_the_description_names_every_address(office: Office) -> None:
    described = (await office.http.get("/openapi.json")).json()
    routes = {
        (method.lower(), route.path)
        for route in api.routes(library(), lambda: None)
        if isinstance(route, Route) and "answering" not in repr(route.endpoint)
        for method in route.methods or ()
        if method != "HEAD" and "{rest" not in route.path
    }
    paths = {(method, path) for path, each in described["paths"].items() for method in each}
    assert paths | {("get", "/openapi.json")} == routes


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_what_is_no_address_is_a_problem_too(office: Office, method: str) -> None:
    answer = await office.http.request(method, "/v1/rien")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    refused = await office.http.request("PUT", "/v1/messages")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


async def test_the_curl_of_a_demo_works_for_each_agency(office: Office) -> None:
    program = library().current
    url = str(office.http.base_url).rstrip("/")
    curls = await first_messages(office.store, program, url, ADA)
    assert set(curls) == {"mairie", "ecole"}
    for curl in curls.values():
        run = await asyncio.create_subprocess_exec(*shlex.split(curl), stdout=PIPE)
        said, _ = await run.communicate()
        assert json.loads(said)["status"] == "queued"
