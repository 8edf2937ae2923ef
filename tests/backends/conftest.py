"""A back end on a real loopback socket that behaves exactly as badly as a test wants."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.backends.client import Client
from gateway.events import Answered, CallRequest, Json, Outcome
from gateway.menu.program import (
    Backend,
    EnvRef,
    FieldType,
    Keys,
    Kind,
    Operation,
    Place,
    Site,
)
from gateway.menu.sending import SmsSettings

PLACE = Place("site.yaml", 1, 1)
GOOD = b'{"numero": "EC-1042"}'
UNAVAILABLE = Answered(Outcome.UNAVAILABLE)


@dataclass(frozen=True)
class Heard:
    """One request as it came over the wire."""

    connection: int
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Behaviour = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    behaviour: Behaviour
    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. It is this task's to close, so that a test's end leaves nothing."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        connection = self.connections
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    request = await self._hear(connection, reader)
                    self.heard.append(request)
                    await self.behaviour(request, writer)
        except asyncio.CancelledError:
            pass  # the fixture's own: it waits for this task
        finally:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _hear(self, connection: int, reader: asyncio.StreamReader) -> Heard:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Heard(connection, method, target, headers, body)


class Start(Protocol):
    async def __call__(self, behaviour: Behaviour) -> Server: ...


def reply(
    body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None
) -> Behaviour:
    """A whole, well-formed answer."""
    lines = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    async def behaviour(request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body)
        await writer.drain()

    return behaviour


def raw(answer: bytes, *, close: bool = True) -> Behaviour:
    """Bytes as they are, and then, if `close`, the end of the connection."""

    async def behaviour(request: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        if close:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    return behaviour


def site(
    url: str | EnvRef,
    *,
    timeout: float = 3.0,
    token: EnvRef | None = None,
    insecure: bool = False,
    headers: Mapping[str, str | EnvRef] | None = None,
) -> Site:
    """A site with the one back end `anip`."""
    return Site(
        source="fr",
        country="BJ",
        timezone="Africa/Porto-Novo",
        languages={},
        offered=(),
        agencies={},
        codes={},
        keys=Keys(),
        budget=160,
        operators={},
        sms=SmsSettings(None, None, (), (), (), None),
        types={},
        callbacks={},
        backends={
            "anip": Backend(
                name="anip",
                url=url,
                token=token,
                timeout=timedelta(seconds=timeout),
                insecure=insecure,
                headers=headers or {},
                operations={},
                place=PLACE,
            )
        },
        place=PLACE,
    )


def operation(
    method: str = "POST",
    path: str = "/demandes",
    *,
    gives: Mapping[str, FieldType] | None = None,
    many: bool = False,
    safe: bool | None = None,
) -> Operation:
    return Operation(
        name="anip.creer_demande",
        backend="anip",
        method=method,
        path=path,
        gives={"numero": FieldType(Kind.TEXT, most=12)} if gives is None else gives,
        many=many,
        outcomes={404: Outcome.NOT_FOUND, 409: Outcome.REFUSED, 422: Outcome.INVALID},
        safe=method == "GET" if safe is None else safe,
        place=PLACE,
    )


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
    backends: Client,
    target: Operation | None = None,
    asked: CallRequest | None = None,
    *,
    seconds: float = 5.0,
    key: str = "k1",
) -> Answered:
    ended = await backends.exchange(
        asked or request(),
        target or operation(),
        key=key,
        deadline=time.monotonic() + seconds,
        correlation="r1",
    )
    return ended.answered


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    started: list[tuple[Server, asyncio.Server]] = []

    async def start(behaviour: Behaviour) -> Server:
        server = Server(behaviour)
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        started.append((server, listening))
        server.port = listening.sockets[0].getsockname()[1]
        return server

    yield start
    for server, listening in started:
        listening.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks)


class Connect(Protocol):
    def __call__(self, url: str, *, timeout: float = 3.0) -> Client: ...


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes `Client` for a server's address, and closes them after the test."""
    opened: list[Client] = []

    def connect(url: str, *, timeout: float = 3.0) -> Client:
        backends = Client(site(url, timeout=timeout), {})
        opened.append(backends)
        return backends

    yield connect
    for backends in opened:
        await backends.close()


@dataclass(frozen=True)
class Certified:
    """A back end with TLS whose authority no system knows: it signs itself."""

    server: Server
    url: str
    authority: Path


@pytest.fixture
async def certified(tmp_path: Path) -> AsyncIterator[Certified]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority, secret = tmp_path / "authority.pem", tmp_path / "key.pem"
    authority.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, secret)
    server = Server(reply(b'{"numero": "EC-1042"}'))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    yield Certified(server, f"https://localhost:{port}", authority)
    listening.close()
    for task in server.tasks:
        task.cancel()
    await asyncio.gather(*server.tasks)
