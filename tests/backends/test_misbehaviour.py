"""Whatever a back end does on the wire, the turn gets an answer in time."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time

import httpx2
import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.backends.client import BODY, Client
from gateway.events import Answered, Outcome
from tests.backends.conftest import (
    GOOD,
    UNAVAILABLE,
    Behaviour,
    Certified,
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
    backends = Client(site("https://agence.invalid"), {})
    assert await call(backends) == UNAVAILABLE
    await backends.close()


async def test_a_certificate_is_verified(
    certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown to the system's authorities it is refused before a byte of the request leaves."""
    backends = Client(site(certified.url), {})
    with capture_logs() as logs:
        assert await call(backends) == UNAVAILABLE
    await backends.close()
    assert logs[0]["reason"] == "connect"
    assert certified.server.heard == []

    monkeypatch.setenv("SSL_CERT_FILE", str(certified.authority))
    trusting = Client(site(certified.url), {})
    assert (await call(trusting)).outcome is Outcome.OK
    await trusting.close()


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


class Faulty(httpx2.AsyncBaseTransport):
    """A library that fails in a way it never announced."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise ZeroDivisionError(request.url)


async def test_no_foreign_exception_escapes() -> None:
    backends = Client(site("http://127.0.0.1:9"), {}, http=Faulty())
    with capture_logs() as logs:
        assert await call(backends) == UNAVAILABLE
    await backends.close()
    assert logs[0]["reason"] == "unexpected:ZeroDivisionError"
    assert "127.0.0.1" not in json.dumps(logs[0])
