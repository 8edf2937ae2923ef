"""What providers call: `/callbacks/{provider}/{token}/` and `ussd`, `ussd-events`,
`sms`, `delivery-reports` or `opt-outs`.

This is the gateway's hot path, so nothing stands between the server and the turn: no router, no
form parser, no middleware. Under `gateway serve` whole requests come from `protocol.py`, below
ASGI; whatever else, and every other server, comes by plain ASGI. The token is all that tells a
provider from anybody else: a wrong token, provider or address get the same 404, and no line of
the log holds a path.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog
from starlette.types import Message, Receive, Scope, Send

from gateway.deadlines import Deadlines
from gateway.errors import RequestMalformed, RequestRefused, StoreError
from gateway.events import IncomingSms, OptedOut, Receipt, UssdReply, UssdRequest
from gateway.logs import access, failure, new_correlation
from gateway.metrics import Metrics, Result
from gateway.providers import Dialect, Present, SessionEnded, Visit, Wire, dialects

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


class Receipts(Protocol):
    async def take(self, receipts: Sequence[Receipt]) -> None:
        """Raises StoreError where they must be brought again."""


class OptOuts(Protocol):
    async def take(self, opted_out: Sequence[OptedOut]) -> None:
        """Raises StoreError where they must be brought again."""


def plain(status: int, text: str, *headers: tuple[bytes, bytes]) -> Wire:
    body = text.encode()
    return Wire(status, (_TEXT, (b"content-length", b"%d" % len(body)), *headers), body)


NOT_FOUND = plain(404, "Not Found")
_TAKEN = plain(200, "")
_NOT_ALLOWED = {
    method: plain(405, "Method Not Allowed", (b"allow", method.encode()))
    for method in ("GET", "POST", "PUT")
}
_AGAIN = plain(503, "Service Unavailable", (b"retry-after", b"30"))
_REFUSED = {
    400: plain(400, "Bad Request"),
    408: plain(408, "Request Timeout"),
    413: plain(413, "Content Too Large"),
    415: plain(415, "Unsupported Media Type"),
}

_Handler = Callable[[Dialect, bytes, str], Awaitable[Wire]]
_ReadUssd = Callable[[bytes, str, str], UssdRequest]
_WriteUssd = Callable[[UssdReply], Wire]


class Address(msgspec.Struct, frozen=True):
    """What answers at an address of a provider. `route` is the template that logs may name;
    `trouble` is answered when something is wrong with us."""

    route: str
    dialect: Dialect
    handle: _Handler
    trouble: Callable[[], Wire]
    method: str = "POST"


class Callbacks:
    """All callback addresses, and the ASGI application of them.

    `country` gives the site's country as it is now. There are the addresses of those who are
    given: `turns` answers citizens, the others take what providers tell.
    """

    def __init__(
        self,
        tokens: Iterable[str],
        metrics: Metrics,
        country: Callable[[], str],
        *,
        turns: Turns | None = None,
        texts: Texts | None = None,
        receipts: Receipts | None = None,
        opt_outs: OptOuts | None = None,
    ) -> None:
        self._tokens = tuple(token.encode() for token in tokens)
        self._metrics = metrics
        self._country = country
        self._turns = turns
        self._texts = texts
        self._receipts = receipts
        self._opt_outs = opt_outs
        self._bodies = Deadlines(BODY_SECONDS)
        self._addresses = {
            (dialect.name, last): Address(
                f"{PREFIX}{{provider}}/{{token}}/{last}", dialect, handle, trouble
            )
            for dialect in dialects.values()
            for last, handle, trouble in self._handlers(dialect)
        }

    def _handlers(self, dialect: Dialect) -> Iterator[tuple[str, _Handler, Callable[[], Wire]]]:
        """What this provider calls, who answers, and what it hears when they cannot."""
        read, write, turns = dialect.read_ussd, dialect.write_ussd, self._turns
        if read is not None and write is not None and turns is not None:
            yield "ussd", partial(self._ussd, turns, read, write), partial(_apology, turns, write)
        if dialect.read_event is not None:
            yield "ussd-events", partial(self._event, dialect.read_event), _again
        if dialect.read_sms is not None and self._texts is not None:
            yield "sms", partial(self._sms, self._texts, dialect.read_sms), _again
        if dialect.read_receipts is not None and self._receipts is not None:
            handle = partial(self._receipt, self._receipts, dialect.read_receipts)
            yield "delivery-reports", handle, _again
        if dialect.read_opt_outs is not None and self._opt_outs is not None:
            handle = partial(self._opt_out, self._opt_outs, dialect.read_opt_outs)
            yield "opt-outs", handle, _again

    def find(self, path: str, method: str = "POST") -> Address | None:
        """The address, if `path` is one, with one of the tokens. Where one path is several
        addresses, `method` decides; the address says which method it is for."""
        parts = path.split("/")
        if len(parts) < 5 or not self._known(parts[3]):
            return None
        if len(parts) > 5:
            return self._behind(parts, method)
        return self._addresses.get((parts[2], parts[4]))

    def _behind(self, parts: Sequence[str], method: str) -> Address | None:
        """An address of a dialect whose sessions have addresses of their own."""
        dialect = dialects.get(parts[2])
        if dialect is None or parts[4] != "ussd":
            return None
        find, write, turns = dialect.find_ussd, dialect.write_ussd, self._turns
        visit = None if find is None else find(method, parts[5:])
        if visit is None or write is None or turns is None:
            return None
        return Address(
            f"{PREFIX}{{provider}}/{{token}}/ussd/{visit.route}",
            dialect,
            partial(self._visit, turns, visit, write),
            partial(_apology, turns, write),
            visit.method,
        )

    async def answer(self, address: Address, body: bytes, content_type: str) -> Wire:
        """The answer to a whole POST. Never raises, save when the process is stopped."""
        try:
            return await address.handle(address.dialect, body, content_type)
        except RequestRefused as refusal:
            return self.refuse(refusal)
        except Exception as error:
            fields = failure(error)
            self._metrics.failures.labels(fields["error"]).inc()
            _log.error("callback-failed", **fields)
            return address.trouble()

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
        address = self.find(scope["path"], scope["method"])
        if address is None:
            return "unknown", NOT_FOUND
        if scope["method"] != address.method:
            # An address is logged by proxies on the way, so no answer is taken out of one.
            return address.route, _NOT_ALLOWED[address.method]
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

    async def _ussd(
        self,
        turns: Turns,
        read: _ReadUssd,
        write: _WriteUssd,
        dialect: Dialect,
        body: bytes,
        content_type: str,
    ) -> Wire:
        try:
            request = read(body, content_type, self._country())
        except RequestMalformed as fault:
            return self._malformed(turns, write, dialect, fault)
        return write(await turns.answer(request))

    async def _visit(
        self,
        turns: Turns,
        visit: Visit,
        write: _WriteUssd,
        dialect: Dialect,
        body: bytes,
        content_type: str,
    ) -> Wire:
        try:
            found = visit.read(body, content_type, self._country())
        except RequestMalformed as fault:
            return self._malformed(turns, write, dialect, fault)
        match found:
            case SessionEnded():
                self._ended(dialect, found)
                return visit.taken
            case Present():
                return visit.taken
        return write(await turns.answer(found))

    def _malformed(
        self, turns: Turns, write: _WriteUssd, dialect: Dialect, fault: RequestMalformed
    ) -> Wire:
        self._metrics.answered(dialect.name, Result.MALFORMED, 0.0)
        _log.warning("callback-malformed", provider=dialect.name, reason=str(fault))
        return _apology(turns, write)

    async def _event(
        self,
        read: Callable[[bytes, str], SessionEnded],
        dialect: Dialect,
        body: bytes,
        content_type: str,
    ) -> Wire:
        return self._ended(dialect, read(body, content_type))

    def _ended(self, dialect: Dialect, ended: SessionEnded) -> Wire:
        self._metrics.endings.labels(dialect.name, ended.ending.value).inc()
        return _TAKEN

    async def _sms(
        self,
        texts: Texts,
        read: Callable[[bytes, str, str], Sequence[IncomingSms]],
        dialect: Dialect,
        body: bytes,
        content_type: str,
    ) -> Wire:
        """Every message of the body is taken, or the provider brings all of it again."""
        answer = dialect.taken
        for incoming in read(body, content_type, self._country()):
            try:
                await texts.receive(incoming)
            except Exception as error:
                _log.warning("sms-not-taken", provider=dialect.name, **failure(error))
                answer = _AGAIN
        return answer

    async def _receipt(
        self,
        receipts: Receipts,
        read: Callable[[bytes, str], Sequence[Receipt]],
        dialect: Dialect,
        body: bytes,
        content_type: str,
    ) -> Wire:
        return await self._taken(dialect, receipts.take(read(body, content_type)))

    async def _opt_out(
        self,
        opt_outs: OptOuts,
        read: Callable[[bytes, str, str], Sequence[OptedOut]],
        dialect: Dialect,
        body: bytes,
        content_type: str,
    ) -> Wire:
        opted_out = read(body, content_type, self._country())
        return await self._taken(dialect, opt_outs.take(opted_out))

    async def _taken(self, dialect: Dialect, taking: Awaitable[None]) -> Wire:
        """Says yes once it is kept; else the provider brings it again."""
        try:
            await taking
        except StoreError as error:
            _log.warning("callback-not-kept", provider=dialect.name, **failure(error))
            return _AGAIN
        return dialect.taken


def _apology(turns: Turns, write: _WriteUssd) -> Wire:
    """A page for the citizen who waits."""
    return write(turns.apology())


def _again() -> Wire:
    """For a provider that will bring again what could not be kept."""
    return _AGAIN


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
