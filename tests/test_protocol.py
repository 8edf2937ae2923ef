"""HTTP below ASGI: what goes that way, what is left to uvicorn, and that nobody can tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

from gateway import protocol
from gateway.app import Gateway
from gateway.backends import Backends
from gateway.protocol import CallbackProtocol
from tests.conftest import Server
from tests.turns.serving import NUMBER, TOKEN, Agency, environ, gateway, listening

pytestmark = pytest.mark.anyio

ADDRESS = f"/callbacks/africastalking/{TOKEN}/ussd"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    raw: bytes


@dataclass
class Wire:
    """A bare connection, so that what is in which packet is the test's to say."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, head: bool = False) -> Answer:
        start = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = start.decode().strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = 0 if head else int(headers["content-length"])
        body = await self.reader.readexactly(length)
        return Answer(int(first.split()[1]), headers, body, start + body)

    async def ask(self, data: bytes, *, head: bool = False) -> Answer:
        await self.send(data)
        return await self.answer(head=head)

    async def ended(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 10) == b""


def body(text: str = "", session: str = "ATUid_1", number: str = NUMBER) -> bytes:
    form = {"phoneNumber": number, "serviceCode": "*229#", "text": text, "sessionId": session}
    return urlencode(form).encode()


def head(length: int | None, *more: str, method: str = "POST", path: str = ADDRESS) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Type: {FORM}", *more]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


def post(data: bytes, *more: str, path: str = ADDRESS) -> bytes:
    return head(len(data), *more, path=path) + data


@pytest.fixture
def agency() -> Agency:
    return Agency()


@pytest.fixture
async def app(redis: Server, agency: Agency) -> AsyncIterator[Gateway]:
    async with listening(agency.app) as back_end:
        yield gateway(environ(redis.url, back_end))


@pytest.fixture
async def base(app: Gateway) -> AsyncIterator[str]:
    async with listening(app) as address:
        yield address


@asynccontextmanager
async def connected(base: str) -> AsyncIterator[Wire]:
    host, _, port = base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


@pytest.fixture
async def wire(base: str) -> AsyncIterator[Wire]:
    async with connected(base) as opened:
        yield opened


@pytest.fixture
def below(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The statuses of what was answered below ASGI."""
    told: list[int] = []
    sending = protocol.Exchange._send

    def told_of(exchange: protocol.Exchange, answer: Any) -> None:
        told.append(answer.status)
        sending(exchange, answer)

    with monkeypatch.context() as patch:
        patch.setattr(protocol.Exchange, "_send", told_of)
        yield told


@contextmanager
def quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr("gateway.callbacks.BODY_SECONDS", 0.1)
        yield


# ---- what is answered below ASGI ------------------------------------------------------------


async def test_a_callback_is_answered_as_asgi_would(
    wire: Wire, app: Gateway, below: list[int]
) -> None:
    """To the byte: the same request by uvicorn's own protocol is a repeat and shows the same."""
    ours = await wire.ask(post(body()))
    assert (ours.status, below) == (200, [200])
    async with _by_asgi(app) as base, connected(base) as other:
        assert (await other.ask(post(body()))).raw == ours.raw
    assert below == [200]


async def test_one_connection_serves_a_whole_session(wire: Wire, below: list[int]) -> None:
    pages = [(await wire.ask(post(body(text)))).body for text in ("", "1", "1*Kossi")]
    assert [page[:4] for page in pages] == [b"CON "] * 3
    assert len(set(pages)) == 3
    assert below == [200] * 3


async def test_two_requests_in_one_packet_are_answered_in_their_order(
    wire: Wire, below: list[int]
) -> None:
    await wire.send(post(body()) + post(body(number="+2290197000002", session="ATUid_2", text="3")))
    first, second = await wire.answer(), await wire.answer()
    assert first.body.startswith(b"CON Guichet")
    assert second.body == b"END De 8 h \xc3\xa0 16 h."
    assert below == [200, 200]


async def test_both_ways_take_turns_on_one_connection(wire: Wire, below: list[int]) -> None:
    page = head(None, method="GET", path="/healthz")
    await wire.send(page + post(body()) + page + post(body()))
    answers = [await wire.answer() for _ in range(4)]
    assert [answer.body[:3] for answer in answers] == [b"ok", b"CON", b"ok", b"CON"]
    assert below == [200, 200]


@pytest.mark.parametrize("pieces", [2, 7])
async def test_a_body_in_pieces_is_put_together(wire: Wire, below: list[int], pieces: int) -> None:
    data = post(body())
    step = len(data) // pieces + 1
    for at in range(0, len(data), step):
        await wire.send(data[at : at + step])
        await asyncio.sleep(0.02)
    assert (await wire.answer()).body.startswith(b"CON Guichet")
    assert below == [200]


async def test_a_huge_header_does_no_harm(wire: Wire, below: list[int]) -> None:
    answer = await wire.ask(post(body(), f"X-Trace: {'x' * 60_000}", "X-Empty:"))
    assert (answer.status, below) == (200, [200])


async def test_what_is_not_the_providers_is_refused_with_the_connection_kept(
    wire: Wire, below: list[int]
) -> None:
    answers = [await wire.ask(post(b"nom=Kossi")), await wire.ask(post(body()))]
    assert [answer.status for answer in answers] == [400, 200]
    assert below == [400, 200]


async def test_who_wants_the_connection_closed_gets_it_closed(wire: Wire) -> None:
    answer = await wire.ask(post(body(), "Connection: close"))
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await wire.ended()


async def test_a_body_that_never_comes_is_not_waited_for_long(
    base: str, below: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with quickly(monkeypatch):
        async with connected(base) as wire:
            assert (await wire.ask(head(50) + b"text=")).status == 408
            # What comes of it later is nobody's, and the next request has its answer.
            await wire.send(b"x" * 45)
            assert (await wire.ask(post(body()))).status == 200
    assert below == [408, 200]


async def test_who_hangs_up_with_half_a_body_is_told_of_and_forgotten(
    base: str, app: Gateway, below: list[int]
) -> None:
    async with connected(base) as wire:
        await wire.send(head(50) + b"text=")
    await _until(lambda: below == [400])
    async with connected(base) as wire:
        assert (await wire.ask(post(body()))).status == 200
    assert app.metrics.refused.labels("400")._value.get() == 1


async def test_who_hangs_up_before_the_answer_finds_it_later(
    base: str, agency: Agency, below: list[int]
) -> None:
    async with connected(base) as wire:
        for text in ("", "1", "1*Kossi"):
            await wire.ask(post(body(text)))
        agency.seconds = 0.2
        await wire.send(post(body("1*Kossi*1")))
        await _until(lambda: bool(agency.bodies))
    await _until(lambda: len(below) == 4)
    async with connected(base) as wire:
        answer = await wire.ask(post(body("1*Kossi*1")))
    assert answer.body.startswith(b"END Dossier Kossi-0001")
    assert len(agency.bodies) == 1


async def test_an_idle_connection_is_closed_and_one_at_work_is_not(
    app: Gateway, agency: Agency
) -> None:
    async with _listening(app, keep_alive=0.3) as base, connected(base) as wire:
        for text in ("", "1", "1*Kossi"):
            await asyncio.sleep(0.15)
            assert (await wire.ask(post(body(text)))).status == 200
        agency.seconds = 0.7
        assert (await wire.ask(post(body("1*Kossi*1")))).body.startswith(b"END Dossier")
        assert await wire.ended()


async def test_a_stop_answers_what_is_under_way(redis: Server, agency: Agency) -> None:
    agency.seconds = 0.4
    async with listening(agency.app) as back_end:
        app = gateway(environ(redis.url, back_end))
        async with _listening(app) as base, connected(base) as idle, connected(base) as wire:
            await idle.ask(post(body(session="ATUid_9", number="+2290197000009")))
            for text in ("", "1", "1*Kossi"):
                await wire.ask(post(body(text)))
            await wire.send(post(body("1*Kossi*1")))
            await _until(lambda: bool(agency.bodies))
            _stop(app)
            answer = await wire.answer()
            assert answer.body.startswith(b"END Dossier Kossi-0001")
            assert answer.headers["connection"] == "close"
            assert await wire.ended()
            assert await idle.ended()


async def test_a_turn_that_is_stopped_ends_its_connection(
    wire: Wire, app: Gateway, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at the end of a graceful stop that took too long."""

    async def stopped(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    for text in ("", "1", "1*Kossi"):
        await wire.ask(post(body(text)))
    monkeypatch.setattr(Backends, "call", stopped)
    await wire.send(post(body("1*Kossi*1")))
    assert await wire.ended()


# ---- what is left to uvicorn ---------------------------------------------------------------


async def test_whatever_is_wrong_in_an_address_looks_the_same(wire: Wire, below: list[int]) -> None:
    wrong = [
        ADDRESS.replace(TOKEN, "un-autre-jeton-0123456789"),
        f"/callbacks/nobody/{TOKEN}/ussd",
        f"{ADDRESS}/",
        "/callbacks/%ff",
    ]
    raws = {(await wire.ask(post(body(), path=path))).raw for path in wrong}
    assert [raw.partition(b"\r\n")[0] for raw in raws] == [b"HTTP/1.1 404 Not Found"]
    assert below == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_an_address_takes_nothing_but_a_post(
    wire: Wire, below: list[int], method: str
) -> None:
    answer = await wire.ask(head(None, method=method), head=method == "HEAD")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert below == []


async def test_a_body_that_says_it_is_too_large_is_refused(wire: Wire, below: list[int]) -> None:
    assert (await wire.ask(head(300_000) + b"text=")).status == 413
    assert below == []


async def test_a_chunked_body_is_put_together(wire: Wire, below: list[int]) -> None:
    data = body()
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (20, data[:20], len(data) - 20, data[20:])
    answer = await wire.ask(head(None, "Transfer-Encoding: chunked") + chunks)
    assert answer.body.startswith(b"CON Guichet")
    assert below == []


async def test_who_asks_whether_to_go_on_is_told_so(wire: Wire, below: list[int]) -> None:
    await wire.send(head(len(body()), "Expect: 100-continue"))
    assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert (await wire.ask(body())).body.startswith(b"CON Guichet")
    assert below == []


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        (f"{ADDRESS}?a=1", (), 200),
        (ADDRESS.replace("ussd", "%75ssd"), (), 200),
        (ADDRESS, ("Connection: Upgrade", "Upgrade: h2c"), 400),  # its body is not read
    ],
)
async def test_odd_requests_are_answered_too(
    wire: Wire, below: list[int], path: str, more: tuple[str, ...], status: int
) -> None:
    answer = await wire.ask(post(body(), *more, path=path))
    assert (answer.status, below) == (status, [])


async def test_an_old_http_is_spoken(wire: Wire, below: list[int]) -> None:
    answer = await wire.ask(post(body()).replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (answer.status, below) == (200, [])
    assert await wire.ended()


async def test_what_is_no_http_is_refused(wire: Wire, below: list[int]) -> None:
    assert (await wire.ask(b"bonjour\r\n\r\n")).status == 400
    assert await wire.ended()
    assert below == []


async def test_behind_a_middleware_nothing_passes_it_by(app: Gateway, below: list[int]) -> None:
    config = uvicorn.Config(
        app, port=0, http=CallbackProtocol, log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=True,
    )  # fmt: skip
    async with _served(uvicorn.Server(config), app) as base, connected(base) as wire:
        assert (await wire.ask(post(body()))).status == 200
    assert below == []


# ---- servers -------------------------------------------------------------------------------

_servers: dict[int, uvicorn.Server] = {}


def _stop(app: Gateway) -> None:
    _servers[id(app)].should_exit = True


@asynccontextmanager
async def _listening(app: Gateway, *, keep_alive: float = 5) -> AsyncIterator[str]:
    config = uvicorn.Config(
        app, port=0, http=CallbackProtocol, log_config=None, access_log=False,
        proxy_headers=False, server_header=False, date_header=False,
        timeout_keep_alive=keep_alive,  # type: ignore[arg-type]
    )  # fmt: skip
    async with _served(uvicorn.Server(config), app) as base:
        yield base


@asynccontextmanager
async def _by_asgi(app: Gateway) -> AsyncIterator[str]:
    """The same gateway, which runs already, by uvicorn's own protocol."""
    config = uvicorn.Config(
        app, port=0, http="httptools", lifespan="off", log_config=None, access_log=False,
        server_header=False, date_header=False,
    )  # fmt: skip
    async with _served(uvicorn.Server(config), app) as base:
        yield base


@asynccontextmanager
async def _served(server: uvicorn.Server, app: Gateway) -> AsyncIterator[str]:
    _servers[id(app)] = server
    task = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def _until(holds: Any) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")
