"""HTTP/1.1 below ASGI, for the callbacks alone.

ASGI's scope, its messages and the two writes of an answer cost as much as loading and saving a
conversation. So a callback that is nothing but usual (POST with a Content-Length, a known
address) goes from uvicorn's parser to `Callbacks` and back in one write. Everything else is
uvicorn's own: other paths, other methods, wrong tokens, chunked or too large bodies, upgrades.

Keep-alive, pipelining, back pressure and the graceful end are uvicorn's too: an `Exchange` stands
where it has its cycle of one request, and shows it the same few attributes.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import Task, TimerHandle
from typing import Any, ClassVar, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from gateway import callbacks as addresses
from gateway.callbacks import PREFIX, Address, Callbacks, content, hung_up, too_slow
from gateway.errors import RequestRefused
from gateway.logs import access, new_correlation
from gateway.providers import Wire

_PREFIX = PREFIX.encode()


class CallbackProtocol(HttpToolsProtocol):
    """One connection. The application of `config` has its `Callbacks` as `callbacks`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        callbacks = getattr(self.config.loaded_app, "callbacks", None)  # none behind a middleware
        # The other two are uvicorn's to heed; `gateway serve` sets neither.
        if self.limit_concurrency is not None or self.root_path:
            callbacks = None
        self.callbacks: Callbacks | None = callbacks
        self._exchange: Exchange | None = None  # the request that is being read, if it is ours
        self._idle_since: float | None = None
        self._idle_timer: TimerHandle | None = None

    # ---- what the parser finds ---------------------------------------------------------

    def on_message_begin(self) -> None:
        self._exchange = None
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        exchange = self._exchange = self._callback()
        if exchange is None:
            self._leave()
            return
        before = cast("RequestResponseCycle | Exchange | None", self.cycle)
        self.cycle = cast(RequestResponseCycle, exchange)
        if before is None or before.response_complete:
            exchange.begin()
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        if self._exchange is None:
            super().on_body(body)
        else:
            self._exchange.body += body

    def on_message_complete(self) -> None:
        if self._exchange is None:
            super().on_message_complete()
        else:
            self._exchange.complete()

    def _callback(self) -> Exchange | None:
        """What has been read so far, as a callback, if it is nothing but that."""
        url, parser, callbacks = self.url, self.parser, self.callbacks
        if callbacks is None or self.expect_100_continue or not url.startswith(_PREFIX):
            return None
        if b"%" in url or b"?" in url or b"#" in url or not url.isascii():
            return None
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return None
        content_type, length = content(self.headers)
        if length is None or parser.should_upgrade():
            return None
        address = callbacks.find(url.decode("ascii"))
        if address is None or address.method != "POST" or length > address.dialect.most_bytes:
            return None
        kept = parser.should_keep_alive()
        return Exchange(self, callbacks, address, content_type, keep_alive=kept)

    def _leave(self) -> None:
        """A request that uvicorn serves by ASGI, as if it had read it from the beginning."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    # ---- what becomes of the connection ------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        super().data_received(data)
        if self._exchange is not None:
            self._exchange.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._exchange is not None:
            self._exchange.give_up(hung_up())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """A request whose turn it is, after those that came before it on this connection."""
        if isinstance(cycle, Exchange):
            cycle.begin()
        else:
            super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """As uvicorn does, but with a timer for each connection and not for each request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._look_at(self._idle_since)

    def _look_at(self, idle_since: float) -> None:
        self._idle_timer = self.loop.call_at(
            idle_since + self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection on which nothing came for long enough."""
        self._idle_timer = None
        since = self._idle_since
        if since is None:
            return  # at work: looked at again once it has answered
        if self.loop.time() - since < self.timeout_keep_alive:
            self._look_at(since)
        else:
            super().timeout_keep_alive_handler()


class Exchange:
    """One callback and its answer.

    It is answered once its turn has come (`begin`) and its body is there (`complete`), or once
    there is no waiting for it any longer (`give_up`).
    """

    __slots__ = (
        "_address",
        "_begun",
        "_callbacks",
        "_content_type",
        "_protocol",
        "_refusal",
        "_started",
        "_task",
        "_timer",
        "_whole",
        "body",
        "disconnected",
        "keep_alive",
        "response_complete",
    )

    message_event: ClassVar = asyncio.Event()  # uvicorn sets it; nobody waits for it

    def __init__(
        self,
        protocol: CallbackProtocol,
        callbacks: Callbacks,
        address: Address,
        content_type: str,
        *,
        keep_alive: bool,
    ) -> None:
        self._protocol = protocol
        self._callbacks = callbacks
        self._address = address
        self._content_type = content_type
        self._started = time.perf_counter()
        self._begun = False
        self._whole = False
        self._refusal: RequestRefused | None = None
        self._timer: TimerHandle | None = None
        self._task: Task[None] | None = None
        self.body = b""
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False

    def begin(self) -> None:
        self._begun = True
        if self._whole:
            self._start()

    def complete(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._whole:
            self._whole = True
            if self._begun:
                self._start()

    def wait(self) -> None:
        """For the rest of the body, and not for ever."""
        if not self._whole and self._timer is None:
            self._timer = self._protocol.loop.call_later(
                addresses.BODY_SECONDS, lambda: self.give_up(too_slow())
            )

    def give_up(self, refusal: RequestRefused) -> None:
        """Answers without the body, unless it is there."""
        if not self._whole:
            self._refusal = refusal
            self.complete()

    def _start(self) -> None:
        protocol = self._protocol
        self._task = protocol.loop.create_task(self._run())
        protocol.tasks.add(self._task)  # is waited for when the server stops

    async def _run(self) -> None:
        protocol, address = self._protocol, self._address
        new_correlation()
        try:
            if self._refusal is None:
                wire = await self._callbacks.answer(address, self.body, self._content_type)
            else:
                wire = self._callbacks.refuse(self._refusal)
            if protocol.flow.write_paused:
                await protocol.flow.drain()
        except BaseException:
            protocol.transport.close()
            raise
        finally:
            protocol.tasks.discard(cast("Task[None]", self._task))
        self._send(wire)
        access(address.route, "POST", wire.status, time.perf_counter() - self._started)

    def _send(self, wire: Wire) -> None:
        self.response_complete = True
        if self.disconnected:
            return
        protocol = self._protocol
        answer = [STATUS_LINE[wire.status]]
        for name, value in (*protocol.server_state.default_headers, *wire.headers):
            answer += name, b": ", value, b"\r\n"
        if not self.keep_alive:
            answer.append(b"connection: close\r\n")
        answer += b"\r\n", wire.body
        protocol.transport.write(b"".join(answer))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()
