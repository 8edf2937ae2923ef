"""The back-end client against a real loopback socket: what it sends, and what it makes of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.backends.client import Client
from gateway.events import Answered, Outcome
from gateway.menu.program import EnvRef, FieldType, Kind
from tests.backends.conftest import (
    GOOD,
    PLACE,
    UNAVAILABLE,
    Connect,
    Heard,
    Start,
    call,
    operation,
    raw,
    reply,
    request,
    site,
)

pytestmark = pytest.mark.anyio


async def test_a_post_carries_its_arguments_as_json_and_who_asks_in_headers(
    start: Start,
) -> None:
    """Body, phone, token, own headers, idempotency key and correlation id, each in its place."""
    server = await start(reply(GOOD))
    backends = Client(
        site(
            EnvRef("ANIP_URL", PLACE),
            token=EnvRef("ANIP_TOKEN", PLACE),
            headers={"X-Guichet": "ussd"},
        ),
        {"ANIP_URL": server.url + "/v1/", "ANIP_TOKEN": "made-up"},
    )
    answered = await call(
        backends, asked=request({"npi": "1234567890", "acte": "décès"}, "+2290197000001")
    )
    await backends.close()
    assert answered == Answered(Outcome.OK, {"numero": "EC-1042"})
    heard = server.heard[0]
    assert (heard.method, heard.target) == ("POST", "/v1/demandes")
    assert json.loads(heard.body) == {"npi": "1234567890", "acte": "décès"}
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["citizen-phone"] == "+2290197000001"
    assert heard.headers["authorization"] == "Bearer made-up"
    assert heard.headers["x-guichet"] == "ussd"
    assert heard.headers["idempotency-key"] == "k1"
    assert heard.headers["correlation-id"] == "r1"


async def test_no_phone_header_unless_the_author_gave_the_phone(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(GOOD))
    await call(connect(server.url), asked=request({"npi": "1"}))
    assert "citizen-phone" not in server.heard[0].headers


async def test_a_get_carries_its_arguments_in_path_and_query_and_never_the_phone(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(GOOD))
    await call(
        connect(server.url),
        operation("GET", "/tarifs/{acte}"),
        request({"acte": "a/b?c", "copies": 2, "phone": "+2290197000001"}, "+2290197000001"),
    )
    heard = server.heard[0]
    assert heard.target == "/tarifs/a%2Fb%3Fc?copies=2"
    assert heard.body == b""
    assert heard.headers["citizen-phone"] == "+2290197000001"


@pytest.mark.parametrize("name", ["phone", "contact"])
async def test_her_number_stands_in_no_address_whatever_the_author_calls_it(
    start: Start, connect: Connect, name: str
) -> None:
    server = await start(reply(GOOD))
    backends = connect(server.url)
    asked = request({name: "+2290197000001", "acte": "x"}, "+2290197000001")
    await call(backends, operation("GET"), asked)
    await call(backends, operation("GET", "/a/{contact}"), asked)
    assert [heard.target for heard in server.heard] == ["/demandes?acte=x"]


async def test_a_contact_of_the_same_number_stays_in_a_body(start: Start, connect: Connect) -> None:
    """She typed it as an answer: the agency asked for it."""
    server = await start(reply(GOOD))
    number = "+2290197000001"
    await call(connect(server.url), asked=request({"phone": number, "contact": number}, number))
    assert json.loads(server.heard[0].body) == {"contact": number}


async def test_a_path_argument_is_not_sent_again_in_the_body(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(GOOD))
    await call(
        connect(server.url),
        operation(path="/inscriptions/{numero}/annulation"),
        request({"numero": "FN-1", "motif": "x"}),
    )
    assert server.heard[0].target == "/inscriptions/FN-1/annulation"
    assert json.loads(server.heard[0].body) == {"motif": "x"}


@pytest.mark.parametrize("typed", ["", ".", ".."])
async def test_a_segment_that_would_name_another_resource_is_refused_unsent(
    start: Start, connect: Connect, typed: str
) -> None:
    server = await start(reply(GOOD))
    answered = await call(
        connect(server.url), operation("GET", "/demandes/{numero}"), request({"numero": typed})
    )
    assert answered == Answered(Outcome.INVALID)
    assert server.heard == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("404 Not Found", Outcome.NOT_FOUND),
        ("409 Conflict", Outcome.REFUSED),
        ("422 Unprocessable Content", Outcome.INVALID),
        ("400 Bad Request", Outcome.UNAVAILABLE),
        ("401 Unauthorized", Outcome.UNAVAILABLE),
        ("500 Internal Server Error", Outcome.UNAVAILABLE),
        ("503 Service Unavailable", Outcome.UNAVAILABLE),
    ],
)
async def test_a_status_means_what_the_site_says_else_unavailable(
    start: Start, connect: Connect, status: str, outcome: Outcome
) -> None:
    server = await start(reply(GOOD, status=status))
    assert await call(connect(server.url)) == Answered(outcome)


async def test_any_success_is_ok(start: Start, connect: Connect) -> None:
    server = await start(reply(GOOD, status="201 Created"))
    assert (await call(connect(server.url))).outcome is Outcome.OK


async def test_no_content_is_ok_where_nothing_was_promised(start: Start, connect: Connect) -> None:
    server = await start(raw(b"HTTP/1.1 204 No Content\r\n\r\n", close=False))
    assert await call(connect(server.url), operation(gives={})) == Answered(Outcome.OK, {})
    assert await call(connect(server.url)) == UNAVAILABLE


async def test_a_list_of_records(start: Start, connect: Connect) -> None:
    """Unknown fields are left behind, so they reach no session."""
    server = await start(reply(b'[{"numero": "EC-1", "secret": 1}, {"numero": "EC-2"}]'))
    answered = await call(connect(server.url), operation("GET", many=True))
    assert answered == Answered(Outcome.OK, [{"numero": "EC-1"}, {"numero": "EC-2"}])


async def test_connections_are_kept(start: Start, connect: Connect) -> None:
    """Failures with a body do not cost the connection either."""
    answers = [reply(GOOD), reply(b"{}", status="404 Not Found"), reply(GOOD)]

    async def next_answer(request: Heard, writer: asyncio.StreamWriter) -> None:
        await answers[len(server.heard) - 1](request, writer)

    server = await start(next_answer)
    backends = connect(server.url)
    outcomes = [(await call(backends)).outcome for _ in answers]
    assert outcomes == [Outcome.OK, Outcome.NOT_FOUND, Outcome.OK]
    assert server.connections == 1


async def test_two_hundred_citizens_at_once_get_their_own_answers(
    start: Start, connect: Connect
) -> None:
    async def echo(request: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        await reply(msgspec.json.encode({"numero": json.loads(request.body)["n"]}))(request, writer)

    server = await start(echo)
    backends = connect(server.url)
    numbers = [f"EC-{n}" for n in range(200)]
    answers = await asyncio.gather(
        *(call(backends, asked=request({"n": number}), seconds=20) for number in numbers)
    )
    assert [answer.data for answer in answers] == [{"numero": number} for number in numbers]
    assert server.connections <= 128


async def test_no_cookie_goes_from_one_citizen_to_the_next(start: Start, connect: Connect) -> None:
    server = await start(reply(GOOD, headers={"Set-Cookie": "session=first; Path=/"}))
    backends = connect(server.url)
    await call(backends)
    await call(backends)
    assert "cookie" not in server.heard[1].headers


async def test_the_log_line_says_how_it_went_and_nothing_of_the_citizen(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(b'{"numero": "EC-1042-TRES-LONG"}'))
    with capture_logs() as logs:
        answered = await call(
            connect(server.url), asked=request({"npi": "9876543210"}, "+2290197000001")
        )
    assert answered.data == {"numero": "EC-1042-TRES-LONG"}, "kept whole"
    assert len(logs) == 1
    line = logs[0]
    assert line["operation"] == "anip.creer_demande"
    assert line["outcome"] == "ok"
    assert line["status"] == 200
    assert line["longer"] == 1
    assert line["correlation"] == "r1"
    assert line["milliseconds"] > 0
    written = json.dumps(line)
    assert "97000001" not in written
    assert "9876543210" not in written
    assert "TRES-LONG" not in written


async def test_a_record_in_a_query_is_the_authors_mistake_not_a_crash(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(GOOD))
    asked = request({"dossier": {"numero": "EC-1"}})
    assert await call(connect(server.url), operation("GET"), asked) == UNAVAILABLE
    assert server.heard == []


async def test_a_back_end_that_the_site_does_not_name_is_unavailable(connect: Connect) -> None:
    stray = replace(operation(), backend="justice")
    with capture_logs() as logs:
        assert await call(connect("http://127.0.0.1:9"), stray) == UNAVAILABLE
    assert logs[0]["reason"] == "unknown-backend"


async def test_adopting_a_new_site_moves_its_back_end(start: Start, connect: Connect) -> None:
    first, second = await start(reply(GOOD)), await start(reply(GOOD))
    backends = connect(first.url)
    await call(backends)
    backends.adopt(site(second.url))
    await call(backends)
    assert (len(first.heard), len(second.heard)) == (1, 1)


async def test_a_declared_list_of_values_holds(start: Start, connect: Connect) -> None:
    states = FieldType(Kind.ONE_OF, values=("recu", "pret"))
    server = await start(reply(b'{"statut": "perdu"}'))
    assert await call(connect(server.url), operation(gives={"statut": states})) == UNAVAILABLE


async def test_half_a_character_in_an_answer_is_hers_to_correct(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(GOOD))
    assert await call(connect(server.url), asked=request({"nom": "\ud83d"})) == Answered(
        Outcome.INVALID
    )
    assert server.heard == []


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        ("200 OK", b'{"code": "INCONNU"}', Outcome.NOT_FOUND),
        ("400 Bad Request", b'{"code": "BLOQUE"}', Outcome.REFUSED),
        ("200 OK", b'{"code": 7}', Outcome.INVALID),
        ("200 OK", b'{"code": true}', Outcome.REFUSED),
        ("200 OK", b'{"code": "RIEN", "numero": "EC-1"}', Outcome.OK),
        ("200 OK", b'{"code": null, "numero": "EC-1"}', Outcome.OK),
        ("200 OK", b'{"numero": "EC-1"}', Outcome.OK),
        ("200 OK", b"[]", Outcome.UNAVAILABLE),
        ("400 Bad Request", b'{"code": "RIEN"}', Outcome.UNAVAILABLE),
        ("400 Bad Request", b"<html>", Outcome.UNAVAILABLE),
        ("400 Bad Request", b"", Outcome.UNAVAILABLE),
        ("409 Conflict", b'{"code": "INCONNU"}', Outcome.REFUSED),  # the status is named
        ("503 Service Unavailable", b'{"code": "INCONNU"}', Outcome.UNAVAILABLE),
    ],
)
async def test_a_field_of_the_answer_tells_its_outcome(
    start: Start, connect: Connect, status: str, body: bytes, outcome: Outcome
) -> None:
    server = await start(reply(body, status=status))
    told = {
        "INCONNU": Outcome.NOT_FOUND,
        "BLOQUE": Outcome.REFUSED,
        "7": Outcome.INVALID,
        "true": Outcome.REFUSED,
    }
    asked = replace(operation(), told_by="code", told=told)
    assert (await call(connect(server.url), asked)).outcome is outcome


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Service Unavailable", "504 Timeout"])
@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1), ("DELETE", 1)])
async def test_only_a_get_is_asked_once_more(
    start: Start, connect: Connect, status: str, method: str, times: int
) -> None:
    server = await start(reply(b"", status=status))
    assert await call(connect(server.url), operation(method, safe=True)) == UNAVAILABLE
    assert len(server.heard) == times


async def test_an_operations_own_timeout_goes_before_its_back_ends(
    start: Start, connect: Connect
) -> None:
    async def slow(heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await reply(GOOD)(heard, writer)

    server = await start(slow)
    patient = replace(operation(), timeout=timedelta(seconds=2))
    assert (await call(connect(server.url, timeout=0.1), patient)).outcome is Outcome.OK
    hasty = replace(operation(), timeout=timedelta(seconds=0.1))
    assert await call(connect(server.url, timeout=2), hasty) == UNAVAILABLE
