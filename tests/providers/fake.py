"""A provider on loopback, by bare sockets: it answers what it is told, as fast as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fake:
    """`says` are the bytes of the next answers, a pause of so many seconds where one is a number;
    "cut" breaks the connection, "trickle" never ends. `heard` are the requests, whole."""

    base: str = ""
    says: list[bytes | float | str] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    def answers(self, status: int, body: Any = "", **headers: str) -> None:
        content = body if isinstance(body, str) else json.dumps(body)
        told = {"Content-Type": "application/json", "Content-Length": len(content.encode())}
        lines = [f"HTTP/1.1 {status} X", *(f"{k}: {v}" for k, v in {**told, **headers}.items())]
        self.says = ["\r\n".join([*lines, "", content]).encode()]

    @property
    def request(self) -> tuple[str, dict[str, str], str]:
        """The only one: its first line, its headers in small letters, its body."""
        (whole,) = self.heard
        head, _, body = whole.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        return first, {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}, body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
                self.heard.append(head + await reader.readexactly(length))
                for say in self.says:
                    if say == "cut":
                        return
                    if say == "trickle":
                        writer.write(b"HTTP/1.1 201 X\r\nContent-Length: 1000\r\n\r\n")
                        for _ in range(200):
                            writer.write(b" ")
                            await writer.drain()
                            await asyncio.sleep(0.02)
                    elif isinstance(say, float):
                        await asyncio.sleep(say)
                    else:
                        assert isinstance(say, bytes)
                        writer.write(say)
                        await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Fake]:
    fake = Fake()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
