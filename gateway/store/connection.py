"""One connection to Redis that all requests of a process share.

What a process spends on a Redis client is more than on anything else in a step: redis-py's pool
costs 54 µs of CPU for a GET, this about 3. So the hot path is our own, on hiredis' reader and
packer (the C that redis-py itself uses); redis-py stays for what is done once, where its
completeness is worth more: reading URLs, asking sentinels, starting and stopping a server.

Commands of concurrent requests leave in one write and their replies come back in the same order.
Each command waits at most `deadline` seconds, and what it raises then is StoreUnavailable:

- A caller who is cancelled leaves its place in the queue: the reply that comes for it is thrown
  away and nobody else's is shifted. A command that was not yet written is not written at all.
- While the connection is down, new commands wait for it as long as their deadline allows, so a
  restarted server is hardly noticed; once it is down for longer, they fail at once.
- What was written when the connection broke has failed: nobody knows whether it was done.
- A server that says nothing for a deadline while a command waits is taken for dead, and the
  connection is made anew.
- More than `limit` commands waiting: the next one fails at once instead of growing the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from asyncio import AbstractEventLoop, BaseTransport, Future, Handle, Task, Transport
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import hiredis

from gateway.errors import CommandRefused, GatewayError, StoreUnavailable
from gateway.store.address import Address, Locate

Argument = bytes | str | int | float
Reply = Any  # int, bytes, None or a list of them: what the command gives

FIRST_PAUSE = 0.05  # seconds before the second attempt to connect; doubles up to the longest
LONGEST_PAUSE = 1.0
TICK = 0.02  # seconds: deadlines are looked at no more often

_NOTHING = object()
_pack = cast(Callable[[tuple[Argument, ...]], bytes], hiredis.pack_command)

# Errors that speak of the server's state, not of the command: the caller can only try later.
_AWAY = frozenset(
    {
        "ASK",  # a slot is on its way to another node of the cluster
        "BUSY",
        "CLUSTERDOWN",
        "LOADING",
        "MASTERDOWN",
        "MISCONF",
        "NOAUTH",
        "NOREPLICAS",
        "OOM",
        "READONLY",
        "TRYAGAIN",
        "WRONGPASS",
    }
)


class _Wire(asyncio.Protocol):
    """One socket's life. `sent` holds who waits for the replies still to come, oldest first."""

    def __init__(self, loop: AbstractEventLoop, owner: Connection) -> None:
        self.loop = loop
        self.owner = owner
        self.sent: deque[tuple[float, Future[Reply]]] = deque()
        self.heard = loop.time()
        self.paused = False
        self.gone: Future[None] = loop.create_future()
        self.transport: Transport = cast(Transport, None)
        self.reader = hiredis.Reader(notEnoughData=_NOTHING)

    def connection_made(self, transport: BaseTransport) -> None:
        self.transport = cast(Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.heard = self.loop.time()
        reader, sent = self.reader, self.sent
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not _NOTHING:
                _, waiter = sent.popleft()
                if waiter.done():
                    continue
                if type(reply) is hiredis.ReplyError:
                    waiter.set_exception(self.owner.refusal(reply))
                else:
                    waiter.set_result(reply)
        except (hiredis.HiredisError, IndexError):
            # Not the protocol, or a reply that nobody asked for: whose reply is whose is lost.
            self.transport.abort()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        self.owner.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set_result(None)
        for _, waiter in self.sent:
            if not waiter.done():
                waiter.set_exception(StoreUnavailable("the connection to Redis broke"))
        self.sent.clear()
        self.owner.lost(self)

    def ask(self, *command: Argument) -> Future[Reply]:
        """One command outside the queue, while the connection is being made."""
        waiter: Future[Reply] = self.loop.create_future()
        self.sent.append((self.loop.time(), waiter))
        self.transport.write(_pack(command))
        return waiter


class Connection:
    """Shared by everything in this event loop. Open it, use `execute`, close it."""

    def __init__(self, locate: Locate, *, deadline: float = 2.0, limit: int = 20_000) -> None:
        self.locate = locate
        self.deadline = deadline
        self.limit = limit
        self._wire: _Wire | None = None
        self._unsent: deque[tuple[float, bytes, Future[Reply]]] = deque()
        self._flushing = False
        self._watch: Handle | None = None
        self._maker: Task[None] | None = None
        self._down_since = 0.0
        self._why = "not connected yet"
        self._closed = False
        self._loop: AbstractEventLoop = cast(AbstractEventLoop, None)

    @property
    def connected(self) -> bool:
        return self._wire is not None

    async def open(self) -> None:
        """The first connection. Raises StoreUnavailable at once if it cannot be made; later
        ones are tried again and again in the background."""
        self._loop = asyncio.get_running_loop()
        self._wire = await self._connect()

    def begin(self) -> None:
        """Like `open`, without waiting: for a connection that is not needed at once."""
        self._loop = asyncio.get_running_loop()
        self._down_since = self._loop.time()
        self._maker = self._loop.create_task(self._reconnect())

    def execute(self, *command: Argument) -> Future[Reply]:
        """Sends one command, awaited or not, and promises its reply: StoreUnavailable if none
        comes within the deadline, CommandRefused if it is an error about the command itself."""
        wire = self._wire
        now = self._loop.time()
        waiter: Future[Reply] = self._loop.create_future()
        waiting = len(self._unsent)
        if wire is not None:
            waiting += len(wire.sent)
        elif self._closed or now - self._down_since >= self.deadline - TICK:
            waiter.set_exception(StoreUnavailable(f"Redis cannot be reached: {self._why}"))
            return waiter
        if waiting >= self.limit:
            full = f"more than {self.limit} commands wait for Redis"
            waiter.set_exception(StoreUnavailable(full))
            return waiter
        self._unsent.append((now + self.deadline, _pack(command), waiter))
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self.flush)
        if self._watch is None:
            self._watch = self._loop.call_later(self.deadline, self._expire)
        return waiter

    async def close(self) -> None:
        """Ends the connection; whoever still waits gets StoreUnavailable."""
        self._closed = True
        if self._maker is not None:
            self._maker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._maker
        if self._watch is not None:
            self._watch.cancel()
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.transport.abort()
        self._fail_unsent("the connection to Redis was closed")
        if wire is not None:
            await wire.gone

    # ---- the queue -------------------------------------------------------------------

    def flush(self) -> None:
        """Writes what waits. Called once a round of the loop, so concurrent commands share it."""
        self._flushing = False
        wire = self._wire
        if wire is None or wire.paused or not self._unsent:
            return
        sent = wire.sent
        batch = []
        for expires, packed, waiter in self._unsent:
            if not waiter.done():
                batch.append(packed)
                sent.append((expires, waiter))
        self._unsent.clear()
        if batch:
            wire.transport.write(b"".join(batch))

    def _expire(self) -> None:
        """Fails what waited too long, and gives up a server that fell silent."""
        self._watch = None
        now = self._loop.time()
        upcoming = None
        while self._unsent and (self._unsent[0][0] <= now or self._unsent[0][2].done()):
            _, _, waiter = self._unsent.popleft()
            if not waiter.done():
                waiter.set_exception(StoreUnavailable(f"Redis cannot be reached: {self._why}"))
        if self._unsent:
            upcoming = self._unsent[0][0]
        wire = self._wire
        if wire is not None and wire.sent:
            if wire.sent[0][0] <= now and now - wire.heard >= self.deadline:
                self._why = "it does not answer"
                wire.transport.abort()
            for expires, waiter in wire.sent:
                if expires > now:
                    upcoming = min(expires, upcoming or expires)
                    break
                if not waiter.done():
                    waiter.set_exception(StoreUnavailable("Redis did not answer in time"))
            else:
                # All are late; their places wait for replies, or for the silence to be long.
                upcoming = upcoming or now + self.deadline / 4
        if upcoming is not None:
            self._watch = self._loop.call_at(max(upcoming, now + TICK), self._expire)

    def refusal(self, reply: hiredis.ReplyError) -> CommandRefused | StoreUnavailable:
        """What an error of the server means to whoever asked."""
        refused = CommandRefused(str(reply))
        if refused.kind not in _AWAY:
            return refused
        if refused.kind == "READONLY" and self._wire is not None:
            # The master has become a replica: ask anew where the master is.
            self._why = "it has become a replica"
            self._wire.transport.abort()
        return StoreUnavailable(f"Redis cannot serve now: {refused.kind}")

    # ---- the socket ------------------------------------------------------------------

    def lost(self, wire: _Wire) -> None:
        """Told by a socket that it has ended."""
        if wire is not self._wire:
            return
        self._wire = None
        if not self._closed:
            if self._why == "":
                self._why = "the connection broke"
            self.begin()

    async def _reconnect(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                self._wire = await self._connect()
            except GatewayError as error:
                self._why = str(error)
            else:
                self.flush()
                return
            # Not all processes at the same moment: a server that starts has enough to do.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _connect(self) -> _Wire:
        """A socket through its greeting, or StoreUnavailable."""
        address = await self.locate()
        wire = _Wire(self._loop, self)
        try:
            async with asyncio.timeout(self.deadline):
                await self._dial(wire, address)
                await self._greet(wire, address)
        except BaseException as error:
            if wire.transport is not None:
                wire.transport.abort()
            if isinstance(error, TimeoutError):
                raise StoreUnavailable(f"{address} does not answer") from None
            if isinstance(error, OSError | UnicodeError | CommandRefused | StoreUnavailable):
                raise StoreUnavailable(f"{address}: {error}") from error
            raise
        self._why = ""
        return wire

    async def _dial(self, wire: _Wire, address: Address) -> None:
        if address.path is not None:
            await self._loop.create_unix_connection(lambda: wire, address.path)
        else:
            await self._loop.create_connection(
                lambda: wire, address.host, address.port, ssl=address.tls
            )

    async def _greet(self, wire: _Wire, address: Address) -> None:
        replies = []
        if address.password is not None:
            login = [address.username] if address.username is not None else []
            replies.append(wire.ask("AUTH", *login, address.password))
        if address.db:
            replies.append(wire.ask("SELECT", address.db))
        replies.append(wire.ask("PING"))  # answers with an error while the data are loaded
        await asyncio.gather(*replies)

    def _fail_unsent(self, why: str) -> None:
        for _, _, waiter in self._unsent:
            if not waiter.done():
                waiter.set_exception(StoreUnavailable(why))
        self._unsent.clear()
