"""What providers call: `/callbacks/{provider}/{token}/ussd`, `…/ussd-events` and `…/sms`.

This is the gateway's hot path, so nothing stands between the server and the turn: no router, no
form parser, no middleware. Under `gateway serve` whole requests come from `protocol.py`, below
ASGI; whatever else, and every other server, comes by plain ASGI. The token is all that tells a
provider from anybody else: a wrong token, provider or address get the same 404, and no line of
the log holds a path.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from gateway.deadlines import Deadlines
from gateway.errors import RequestMalformed, RequestRefused
from gateway.events import IncomingSms, UssdReply, UssdRequest
from gateway.logs import access, failure, new_correlation
from gateway.metrics import Metrics, Result
from gateway.providers import Dialect, Wire, dialects

PREFIX = "/callbacks/"
BODY_SECONDS = 10.0  # to send a whole body; the provider itself gives up then

_TEXT = (b"content-type", b"text/plain; charset=utf-8")

_log = structlog.get_logger("gateway.callbacks")


class Turns(Protocol):
    async def answer(self, request: UssdRequest) -> UssdReply:
        """The reply to one request. Never raises."""

    def apology(self) -> UssdReply:
        """The last page for a request that nothing could be done with."""


class Texts(Protocol):
    async def receive(self, incoming: IncomingSms) -> None:
        """Takes one text message. Whatever it raises, the message must be brought again."""


def plain(status: int, text: str, *headers: tuple[bytes, bytes]) -> Wire:
    body = text.encode()
    return Wire(status, (_TEXT, (b"content-length", b"%d" % len(body)), *headers), body)


NOT_FOUND = plain(404, "Not Found")
_TAKEN = plain(200, "")
_NOT_TAKEN = plain(503, "Service Unavailable", (b"retry-after", b"60"))
_NOT_ALLOWED = plain(405, "Method Not Allowed", (b"allow", b"POST"))
_REFUSED = {
    400: plain(400, "Bad Request"),
    408: plain(408, "Request Timeout"),
    413: plain(413, "Content Too Large"),
    415: plain(415, "Unsupported Media Type"),
}

_Handler = Callable[[Dialect, bytes, str], Awaitable[Wire]]


class Address(msgspec.Struct, frozen=True):
    """What answers at an address of a provider. `route` is the template that logs may name."""

    route: str
    dialect: Dialect
    handle: _Handler


class Callbacks:
    """All callback addresses, and the ASGI application of them.

    `country` gives the site's country as it is now. `turns` is set once the store is open;
    until then, and after it is closed, callers get a polite last page from `apology`.
    """

    def __init__(
        self,
        tokens: Iterable[str],
        turns: Turns,
        texts: Texts,
        metrics: Metrics,
        country: Callable[[], str],
    ) -> None:
        self._tokens = tuple(token.encode() for token in tokens)
        self._turns = turns
        self._texts = texts
        self._metrics = metrics
        self._country = country
        self._bodies = Deadlines(BODY_SECONDS)
        handlers: dict[str, _Handler] = {
            "ussd": self._ussd,
            "ussd-events": self._event,
            "sms": self._sms,
        }
        self._addresses = {
            (dialect.name, last): Address(f"{PREFIX}{{provider}}/{{token}}/{last}", dialect, handle)
            for dialect in dialects.values()
            for last, handle in handlers.items()
        }

    def find(self, path: str) -> Address | None:
        """The address, if `path` is one, with one of the tokens."""
        parts = path.split("/")
        if len(parts) != 5 or not self._known(parts[3]):
            return None
        return self._addresses.get((parts[2], parts[4]))

    async def answer(self, address: Address, body: bytes, content_type: str) -> Wire:
        """The answer to a whole POST. Never raises, save when the process is stopped."""
        try:
            return await address.handle(address.dialect, body, content_type)
        except RequestRefused as refusal:
            return self.refuse(refusal)
        except Exception as error:
            # The citizen gets a page whatever is wrong with us.
            fields = failure(error)
            self._metrics.failures.labels(fields["error"]).inc()
            _log.error("callback-failed", **fields)
            return address.dialect.write_ussd(self._turns.apology())

    def refuse(self, refusal: RequestRefused) -> Wire:
        """The answer to what cannot be the provider's."""
        self._metrics.refused.labels(str(refusal.status)).inc()
        _log.warning("callback-refused", status=refusal.status, reason=str(refusal))
        return _REFUSED[refusal.status]

    # ---- by ASGI ---------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        new_correlation()
        route, wire = await self._answered(scope, receive)
        await send({"type": "http.response.start", "status": wire.status, "headers": wire.headers})
        await send({"type": "http.response.body", "body": wire.body})
        access(route, scope["method"], wire.status, time.perf_counter() - started)

    async def _answered(self, scope: Scope, receive: Receive) -> tuple[str, Wire]:
        address = self.find(scope["path"])
        if address is None:
            return "unknown", NOT_FOUND
        if scope["method"] != "POST":
            # An address is logged by proxies on the way, so nothing is taken out of one.
            return address.route, _NOT_ALLOWED
        content_type, length = content(scope["headers"])
        try:
            body = await self._body(receive, length or 0, address.dialect.most_bytes)
        except RequestRefused as refusal:
            return address.route, self.refuse(refusal)
        return address.route, await self.answer(address, body, content_type)

    async def _body(self, receive: Receive, length: int, most: int) -> bytes:
        """The whole body. Raises RequestRefused beyond `most` bytes or BODY_SECONDS."""
        if length > most:
            raise RequestRefused("the body is too large", status=413)
        try:
            with self._bodies:
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body", False):
                    body: bytes = message.get("body", b"")
                else:
                    body = await _pieces(message, receive, most)
        except TimeoutError:
            raise too_slow() from None
        if len(body) > most:
            raise RequestRefused("the body is too large", status=413)
        return body

    def _known(self, given: str) -> bool:
        """Compares with every token, each in constant time."""
        token = given.encode("utf-8", "surrogateescape")
        known = False
        for one in self._tokens:
            known |= hmac.compare_digest(one, token)
        return known

    async def _ussd(self, dialect: Dialect, body: bytes, content_type: str) -> Wire:
        try:
            request = dialect.read_ussd(body, content_type, self._country())
        except RequestMalformed as fault:
            self._metrics.answered(dialect.name, Result.MALFORMED, 0.0)
            _log.warning("callback-malformed", provider=dialect.name, reason=str(fault))
            return dialect.write_ussd(self._turns.apology())
        return dialect.write_ussd(await self._turns.answer(request))

    async def _event(self, dialect: Dialect, body: bytes, content_type: str) -> Wire:
        if dialect.read_event is None:
            return NOT_FOUND
        ended = dialect.read_event(body, content_type)
        self._metrics.endings.labels(dialect.name, ended.ending.value).inc()
        return _TAKEN

    async def _sms(self, dialect: Dialect, body: bytes, content_type: str) -> Wire:
        """Every message of the body is taken, or the provider brings all of it again."""
        if dialect.read_sms is None:
            return NOT_FOUND
        try:
            messages = dialect.read_sms(body, content_type, self._country())
        except RequestRefused:
            raise
        except Exception as error:
            return self._not_taken(dialect, error)
        answer = dialect.taken
        for incoming in messages:
            try:
                await self._texts.receive(incoming)
            except Exception as error:
                answer = self._not_taken(dialect, error)
        return answer

    def _not_taken(self, dialect: Dialect, error: Exception) -> Wire:
        _log.warning("sms-not-taken", provider=dialect.name, **failure(error))
        return _NOT_TAKEN


def content(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, int | None]:
    """Content-Type, "" without one, and Content-Length."""
    content_type, length = "", None
    for name, value in headers:
        if name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"content-length" and value.isdigit():
            length = int(value[:12])
    return content_type, length


def too_slow() -> RequestRefused:
    return RequestRefused("the body did not come in time", status=408)


def hung_up() -> RequestRefused:
    return RequestRefused("the sender hung up")


async def _pieces(message: Message, receive: Receive, most: int) -> bytes:
    """A body that comes in several messages, `message` being the first of them."""
    pieces: list[bytes] = []
    size = 0
    while message["type"] != "http.disconnect":
        piece = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        if size > most or not message.get("more_body", False):
            return b"".join(pieces)
        message = await receive()
    raise hung_up()
