"""The back-end client against a real loopback socket: every outcome, every misbehaviour."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from dataclasses import replace

import httpx2
import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.backends import Backends
from gateway.backends.client import BODY
from gateway.events import Answered, CallRequest, Json, Outcome
from gateway.menu.program import EnvRef, FieldType, Kind, Operation
from tests.backends.conftest import (
    PLACE,
    Behaviour,
    Certified,
    Connect,
    Heard,
    Start,
    operation,
    raw,
    reply,
    site,
)

pytestmark = pytest.mark.anyio

GOOD = b'{"numero": "EC-1042"}'
UNAVAILABLE = Answered(Outcome.UNAVAILABLE)


def request(arguments: dict[str, Json] | None = None, phone: str | None = None) -> CallRequest:
    return CallRequest(
        conversation="c1",
        step="s1",
        attempt=0,
        operation="anip.creer_demande",
        arguments=arguments or {},
        phone=phone,
    )


async def call(
    backends: Backends,
    target: Operation | None = None,
    asked: CallRequest | None = None,
    *,
    seconds: float = 5.0,
    key: str = "k1",
) -> Answered:
    return await backends.call(
        asked or request(),
        target or operation(),
        key=key,
        deadline=time.monotonic() + seconds,
        correlation="r1",
    )


async def test_a_post_carries_its_arguments_as_json_and_who_asks_in_headers(
    start: Start,
) -> None:
    """Body, phone, token, own headers, idempotency key and correlation id, each in its place."""
    server = await start(reply(GOOD))
    backends = Backends(
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


NONSENSE: dict[str, Behaviour] = {
    "html": reply(b"<html>maintenance</html>", headers={"Content-Type": "text/html"}),
    "json said to be html": reply(GOOD, headers={"Content-Type": "text/html"}),
    "invalid json": reply(b'{"numero": '),
    "no body": reply(b""),
    "not utf-8": reply(b'{"numero": "\xff"}'),
    "half a surrogate pair": reply(b'{"numero": "\\ud83d"}'),
    "NaN": reply(b'{"numero": NaN}'),
    "an array for a record": reply(b'["EC-1042"]'),
    "a missing field": reply(b"{}"),
    "null": reply(b'{"numero": null}'),
    "a number for a text": reply(b'{"numero": 1042}'),
    "too deep": reply(b'{"numero": "EC-1", "x": ' + b"[" * 40 + b"]" * 40 + b"}"),
    "absurdly deep": reply(b"[" * 200_000),
    "compressed": reply(GOOD, headers={"Content-Encoding": "gzip"}),
    "too large by its own word": reply(b"", headers={"Content-Length": str(200 * 1024 * 1024)}),
    "redirect": reply(b"", status="302 Found", headers={"Location": "http://127.0.0.2:9/"}),
    "garbage": raw(b"\x00\xff\x16\x03\x01 not http at all\r\n\r\n"),
    "garbage headers": raw(b"HTTP/1.1 200 OK\r\nBad Header\x00: \x7f\r\n\r\n" + GOOD),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n" + GOOD),
    "endless headers": raw(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: 0123456789\r\n" * 100_000),
    "closed at once": raw(b""),
    "closed midway": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + GOOD),
    "a broken chunk": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n" + GOOD + b"\r\n"
    ),
}


@pytest.mark.parametrize("case", sorted(NONSENSE))
async def test_nonsense_is_unavailable_and_never_raises(
    start: Start, connect: Connect, case: str
) -> None:
    server = await start(NONSENSE[case])
    with capture_logs() as logs:
        answered = await call(connect(server.url), seconds=2)
    assert answered == UNAVAILABLE
    assert len(logs) == 1
    assert logs[0]["reason"]
    assert not logs[0]["reason"].startswith("unexpected")


async def test_a_redirect_is_not_followed(start: Start, connect: Connect) -> None:
    """It could carry the citizen's number and the token to another host."""
    other = await start(reply(GOOD))
    server = await start(
        reply(b"", status="307 Temporary Redirect", headers={"Location": other.url + "/demandes"})
    )
    assert await call(connect(server.url)) == UNAVAILABLE
    assert other.heard == []


async def test_a_trickle_ends_at_the_deadline(start: Start, connect: Connect) -> None:
    """Each byte comes in time, the whole never does: the deadline is around everything."""

    async def trickle(request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        for _ in range(200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    server = await start(trickle)
    started = time.monotonic()
    answered = await call(connect(server.url), seconds=0.3)
    assert answered == UNAVAILABLE
    assert 0.25 < time.monotonic() - started < 1.5


async def test_the_back_ends_own_timeout_holds_within_the_turns(
    start: Start, connect: Connect
) -> None:
    async def silence(request: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    server = await start(silence)
    started = time.monotonic()
    with capture_logs() as logs:
        answered = await call(connect(server.url, timeout=0.2), seconds=30)
    assert answered == UNAVAILABLE
    assert time.monotonic() - started < 1.5
    assert logs[0]["reason"] == "timeout"


async def test_nothing_is_sent_after_the_deadline(start: Start, connect: Connect) -> None:
    server = await start(reply(GOOD))
    assert await call(connect(server.url), seconds=-0.1) == UNAVAILABLE
    assert server.heard == []


async def test_200_mb_are_not_read(start: Start, connect: Connect) -> None:
    """The connection is dropped soon after the limit, long before the end."""
    written = 0

    async def flood(request: Heard, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        while written < 200 * 1024 * 1024:
            writer.write(piece)
            await writer.drain()
            written += 65536

    server = await start(flood)
    with capture_logs() as logs:
        assert await call(connect(server.url)) == UNAVAILABLE
    assert logs[0]["reason"] == "too-large"
    assert written < 32 * 1024 * 1024


async def test_the_limit_itself_is_still_read(start: Start, connect: Connect) -> None:
    body = GOOD + b" " * (BODY - len(GOOD))
    server = await start(reply(body))
    assert (await call(connect(server.url))).outcome is Outcome.OK


async def test_a_refused_connection(connect: Connect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with capture_logs() as logs:
            answered = await call(connect(f"http://127.0.0.1:{port}"))
    assert answered == UNAVAILABLE
    assert logs[0]["reason"] == "connect"


async def test_a_reset_connection(start: Start, connect: Connect) -> None:
    async def reset(request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    server = await start(reset)
    assert await call(connect(server.url)) == UNAVAILABLE
    assert len(server.heard) == 1, "a post may have been done: it is not sent again"


async def test_a_lookup_is_sent_again_when_its_kept_connection_was_closed(
    start: Start, connect: Connect
) -> None:
    async def once(request: Heard, writer: asyncio.StreamWriter) -> None:
        if len(server.heard) == 1:
            writer.close()
        else:
            await reply(GOOD)(request, writer)

    server = await start(once)
    answered = await call(connect(server.url), operation("GET"))
    assert answered.outcome is Outcome.OK
    assert len(server.heard) == 2


async def test_an_unknown_host_is_unavailable(connect: Connect) -> None:
    """`.invalid` never resolves (RFC 6761 section 6.4); the resolver's error stays inside."""
    backends = Backends(site("https://agence.invalid"), {})
    assert await call(backends) == UNAVAILABLE
    await backends.close()


async def test_a_certificate_is_verified(
    certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown to the system's authorities it is refused before a byte of the request leaves."""
    backends = Backends(site(certified.url), {})
    with capture_logs() as logs:
        assert await call(backends) == UNAVAILABLE
    await backends.close()
    assert logs[0]["reason"] == "connect"
    assert certified.server.heard == []

    monkeypatch.setenv("SSL_CERT_FILE", str(certified.authority))
    trusting = Backends(site(certified.url), {})
    assert (await call(trusting)).outcome is Outcome.OK
    await trusting.close()


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


async def test_a_cancelled_call_leaves_no_connection_to_mix_answers_up(
    start: Start, connect: Connect
) -> None:
    async def echo(request: Heard, writer: asyncio.StreamWriter) -> None:
        if json.loads(request.body)["n"] == "late":
            await asyncio.sleep(0.3)
        await reply(msgspec.json.encode({"numero": json.loads(request.body)["n"]}))(request, writer)

    server = await start(echo)
    backends = connect(server.url)
    assert await call(backends, asked=request({"n": "late"}), seconds=0.1) == UNAVAILABLE
    answered = await call(backends, asked=request({"n": "next"}))
    assert answered.data == {"numero": "next"}


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


async def test_a_large_refusal_is_still_a_refusal(start: Start, connect: Connect) -> None:
    """Its body says nothing to us, so its size does not matter either."""
    huge = reply(b"", status="409 Conflict", headers={"Content-Length": str(2 * BODY)})
    server = await start(huge)
    assert await call(connect(server.url)) == Answered(Outcome.REFUSED)
    streamed = raw(
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 8,
        close=False,
    )
    server = await start(streamed)
    assert await call(connect(server.url)) == Answered(Outcome.NOT_FOUND)


async def test_half_a_character_in_an_answer_is_hers_to_correct(
    start: Start, connect: Connect
) -> None:
    server = await start(reply(GOOD))
    assert await call(connect(server.url), asked=request({"nom": "\ud83d"})) == Answered(
        Outcome.INVALID
    )
    assert server.heard == []


class Faulty(httpx2.AsyncBaseTransport):
    """A library that fails in a way it never announced."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise ZeroDivisionError(request.url)


async def test_no_foreign_exception_escapes() -> None:
    backends = Backends(site("http://127.0.0.1:9"), {}, http=Faulty())
    with capture_logs() as logs:
        assert await call(backends) == UNAVAILABLE
    await backends.close()
    assert logs[0]["reason"] == "unexpected:ZeroDivisionError"
    assert "127.0.0.1" not in json.dumps(logs[0])
