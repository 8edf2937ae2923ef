"""`python -m bench.backends`: one agency hangs, the others' citizens notice nothing.

A gateway process and two agencies, each asked a fixed number of times a second, by new callers,
one call a step. In every second part of a run the first agency answers nothing for a minute. What
is compared are the second agency's steps: their p50 and p99 in both parts, of the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.contender import redis_server

MENUS = Path(__file__).with_name("agencies")
TOKEN = "bench-token-0123456789abcdef"  # noqa: S105 - made up
ENDS = "END Tarif 500."


@dataclass
class Agency:
    hangs: bool = False

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/tarif", self.answer)])

    async def answer(self, _request: Request) -> Response:
        if self.hangs:
            with suppress(asyncio.CancelledError):  # the run is over first
                await asyncio.sleep(60)
        return JSONResponse({"frais": 500})


@dataclass
class Load:
    """`rate` dials a second of `code`, whatever becomes of the ones before."""

    base: str
    http: httpx2.AsyncClient
    code: str
    rate: float
    numbers: Iterator[int]
    took: list[float] = field(default_factory=list)  # seconds
    unavailable: int = 0

    async def run(self, seconds: float) -> None:
        self.took, self.unavailable = [], 0
        loop = asyncio.get_running_loop()
        begun, under_way = loop.time(), set()
        for number in range(int(seconds * self.rate)):
            await asyncio.sleep(max(0.0, begun + number / self.rate - loop.time()))
            task = asyncio.create_task(self._dial())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.wait(under_way)

    async def _dial(self) -> None:
        number = next(self.numbers)
        form = {
            "phoneNumber": f"+22901{number:08}",
            "serviceCode": self.code,
            "text": "",
            "sessionId": f"ATUid_{number}",
            "networkCode": "61603",
        }
        started = time.perf_counter()
        reply = await self.http.post(
            f"{self.base}/callbacks/africastalking/{TOKEN}/ussd", data=form
        )
        self.took.append(time.perf_counter() - started)
        self.unavailable += reply.text != ENDS


@asynccontextmanager
async def agency(of: Agency) -> AsyncIterator[str]:
    config = uvicorn.Config(of.app, port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = server.force_exit = True
    await task


@asynccontextmanager
async def gateway(redis: str, anip: str, mairie: str) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "REDIS_URL": f"unix://{redis}",
        "GATEWAY_SECRET_KEYS": bytes(range(32)).hex(),
        "GATEWAY_NAME_KEY": bytes(range(32, 64)).hex(),
        "GATEWAY_CALLBACK_TOKEN": TOKEN,
        "GATEWAY_MENUS": str(MENUS),
        "GATEWAY_LOG_LEVEL": "error",
        "ANIP_URL": anip,
        "MAIRIE_URL": mairie,
        "PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "serve"), env=environ
    )
    base = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(30), httpx2.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    if (await http.get(f"{base}/readyz")).status_code == 200:
                        break
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.05)
        yield base
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def measure(options: argparse.Namespace, redis: str) -> None:
    anip, mairie = Agency(), Agency()
    rows: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    limits = httpx2.Limits(max_connections=1000, max_keepalive_connections=1000)
    async with (
        agency(anip) as anip_url,
        agency(mairie) as mairie_url,
        gateway(redis, anip_url, mairie_url) as base,
        httpx2.AsyncClient(trust_env=False, timeout=30, limits=limits) as http,
    ):
        numbers = itertools.count(51_000_000)
        hanging = Load(base, http, "*229*1#", options.other, numbers)
        watched = Load(base, http, "*229*2#", options.rate, numbers)
        await asyncio.gather(hanging.run(1), watched.run(1))
        for round_ in range(options.rounds):
            for hangs in (False, True):
                anip.hangs = hangs
                await asyncio.gather(hanging.run(options.seconds), watched.run(options.seconds))
                if watched.unavailable:
                    raise RuntimeError(f"{watched.unavailable} steps went wrong")
                quick = sorted(watched.took)
                rows[hangs].append((_at(quick, 50), _at(quick, 99)))
                print(
                    f"round {round_ + 1} {'hangs' if hangs else 'answers':<8}"
                    f" p50 {_at(quick, 50):5.1f} ms, p99 {_at(quick, 99):6.1f} ms;"
                    f" its own: {hanging.unavailable} of {len(hanging.took)} unavailable,"
                    f" p50 {_at(sorted(hanging.took), 50):7.1f} ms"
                )
                if hangs:
                    anip.hangs = False
                    await asyncio.sleep(12)  # it is tried again, and no longer left alone
    for place, name in ((0, "p50"), (1, "p99")):
        alone = statistics.median(row[place] for row in rows[False])
        beside = statistics.median(row[place] for row in rows[True])
        print(f"{name}: {alone:.1f} ms, beside one that hangs {beside:.1f}: {beside / alone:.2f}")


def _at(took: list[float], percent: int) -> float:
    """Milliseconds."""
    return took[min(len(took) - 1, len(took) * percent // 100)] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.backends", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rate", type=float, default=60.0, help="dials a second that are watched")
    parser.add_argument("--other", type=float, default=30.0, help="dials a second of the other one")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder,
        redis_server(Path(folder)) as redis,
    ):
        asyncio.run(measure(options, redis))


if __name__ == "__main__":
    main()
