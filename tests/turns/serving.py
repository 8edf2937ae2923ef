"""A whole gateway over real HTTP on loopback, an agency's back end, and phones that call it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.app import Gateway, create_app
from gateway.protocol import CallbackProtocol
from gateway.settings import read
from tests.conftest import NAME_KEY, SECRET_KEY

MENUS = Path(__file__).parent / "data" / "menus"
TOKEN = "jeton-de-test-0123456789abcdef"
NUMBER = "+2290197000001"


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """`app` behind uvicorn in this event loop; gives its address."""
    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        http=CallbackProtocol if isinstance(app, Gateway) else "httptools",
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("the server did not start")
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@dataclass
class Agency:
    """A town hall's own machine. `seconds` is how long it takes, `says` what it does instead."""

    seconds: float = 0.0
    says: str = ""
    keys: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    correlations: list[str] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/demandes", self._asked, methods=["POST"]),
                Route("/coffres", self._asked, methods=["POST"]),
            ]
        )

    async def _asked(self, request: Request) -> Response:
        self.keys[request.headers["Idempotency-Key"]] += 1
        self.correlations.append(request.headers["Correlation-Id"])
        body = await request.json()
        self.bodies.append(body)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.says == "nonsense":
            return PlainTextResponse("<html>erreur</html>")
        if self.says == "broken":
            return PlainTextResponse("pardon", status_code=500)
        phone = request.headers.get("Citizen-Phone", "")
        return JSONResponse({"numero": f"{body['nom']}-{phone[-4:]}"})


def environ(redis_url: str, agency: str, **more: str) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
        "GATEWAY_NAME_KEY": NAME_KEY.hex(),
        "GATEWAY_CALLBACK_TOKEN": TOKEN,
        "GATEWAY_MENUS": str(MENUS),
        "MAIRIE_URL": agency,
        **more,
    }


def gateway(variables: dict[str, str]) -> Gateway:
    return create_app(read(variables, needs_token=True), variables)


@dataclass
class Phone:
    """A phone at Africa's Talking. Every key pressed goes with all those before it."""

    http: httpx2.AsyncClient
    base: str
    number: str = NUMBER
    session: str = "ATUid_1"
    text: str = ""
    network: str = "61603"
    code: str = "*229#"

    async def dial(self, code: str = "*229#", session: str | None = None) -> str:
        self.code, self.text = code, ""
        if session is not None:
            self.session = session
        return await self.send()

    async def press(self, keys: str) -> str:
        self.text = f"{self.text}*{keys}" if self.text else keys
        return await self.send()

    async def send(self) -> str:
        """The same request again, as it stands."""
        response = await self.http.post(self.address, data=self.form)
        assert response.status_code == 200
        return response.text

    @property
    def address(self) -> str:
        return f"{self.base}/callbacks/africastalking/{TOKEN}/ussd"

    @property
    def form(self) -> dict[str, str]:
        return {
            "phoneNumber": self.number,
            "serviceCode": self.code,
            "text": self.text,
            "sessionId": self.session,
            "networkCode": self.network,
        }


@dataclass
class Line(Phone):
    """A phone on a bare connection of its own: hundreds of them cost hardly anything."""

    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def send(self) -> str:
        host = self.base.removeprefix("http://")
        if self.reader is None or self.writer is None:
            name, _, port = host.partition(":")
            self.reader, self.writer = await asyncio.open_connection(name, int(port))
        body = urlencode(self.form).encode()
        head = (
            f"POST {self.address.removeprefix(self.base)} HTTP/1.1\r\nHost: {host}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        answered = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        assert b" 200 " in answered.partition(b"\r\n")[0]
        length = int(answered.partition(b"content-length:")[2].split(b"\r\n")[0])
        return (await self.reader.readexactly(length)).decode()

    def hang_up(self) -> None:
        if self.writer is not None:
            self.writer.close()
