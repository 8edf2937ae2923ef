"""Servers with settings of their own, for what the shared one must not be put through."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gateway.store.address import Address
from gateway.store.embedded import binary


@dataclass(frozen=True)
class Launched:
    """A server on loopback, a child of the test."""

    port: int
    process: subprocess.Popen[bytes]
    admin: Redis

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def ask(self, *command: str | int) -> Any:
        return self.admin.execute_command(*command)  # type: ignore[no-untyped-call]


Launch = Callable[..., Launched]
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def free_port() -> int:
    """A port that is free together with the one 10000 above, a cluster node's second."""
    while True:
        with socket.socket() as tried:
            tried.bind(("127.0.0.1", 0))
            port = int(tried.getsockname()[1])
        if port >= 55_000:
            port -= 20_000
        try:
            for number in (port, port + 10_000):
                with socket.socket() as tried:
                    tried.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Starts servers with the given settings (`appendonly="no"`); all end with the test."""
    started: list[Launched] = []
    folders: list[Path] = []

    def begin(*arguments: str, password: str | None = None, **settings: str) -> Launched:
        folder = Path(tempfile.mkdtemp(prefix="launched-"))
        folders.append(folder)
        port = free_port()
        given = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder)}
        given["logfile"] = str(folder / "log")
        if "--sentinel" not in arguments:
            given |= {"appendonly": "yes", "save": ""}
        given |= {name.replace("_", "-"): value for name, value in settings.items()}
        command = [binary(), *arguments]
        for name, value in given.items():
            command += [f"--{name}", value]
        process = subprocess.Popen(command, cwd=folder)
        once = Retry(NoBackoff(), 0)
        admin = Redis(port=port, password=password, decode_responses=True, retry=once)
        started.append(Launched(port, process, admin))
        await_answer(started[-1])
        return started[-1]

    yield begin
    for one in started:
        one.admin.close()
        one.process.kill()
        one.process.wait()
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def await_answer(one: Launched) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            one.admin.ping()
        except RedisError:
            assert one.process.poll() is None, "the server ended at once"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.01)
        else:
            return


@asynccontextmanager
async def served(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
    """A server on loopback that greets like Redis, then does as `behaviour` says."""
    tasks: set[asyncio.Task[None]] = set()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.readuntil(b"PING\r\n")
            writer.write(b"+PONG\r\n")
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=tls)
    try:
        yield Address(port=server.sockets[0].getsockname()[1])
    finally:
        for _ in range(5):  # whoever was accepted in the last moment begins, to be ended here
            await asyncio.sleep(0)
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
