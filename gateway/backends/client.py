"""The HTTP client of the agencies' back ends.

A client (a pool of connections) for each back end: one that hangs fills its own pool only.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
import msgspec
import structlog

from gateway import __version__
from gateway.backends.address import Unaddressable, fill, placeholders, query
from gateway.backends.contract import Broken, read, told
from gateway.backends.endpoint import Endpoint, endpoints
from gateway.events import Answered, CallRequest, Json, Outcome
from gateway.menu.program import Operation, Site

BODY = 256 * 1024
"""Greatest answer, in bytes."""

_CONNECTIONS = 128  # to one back end at a time; further calls wait within their deadline
_IDLE = 4.0  # seconds; below the 5 s after which Node and uvicorn close an idle connection
_DRAIN = 0.1  # seconds spent on a body that nobody reads, to keep its connection

_PAUSE = (0.05, 0.15)  # seconds before a get is asked once more
_PASSING = frozenset({502, 503, 504})

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})

_log = structlog.get_logger("gateway.backends")


class _Nothing(Exception):
    """No usable answer. `reason` is stable; it holds nothing of the citizen's or the answer's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended. `reason` is a stable code of an `unavailable` one, or None; `sent` whether
    anything left for the back end."""

    outcome: Outcome
    reason: str | None = None
    status: int | None = None
    data: Json = None
    longer: int = 0
    sent: bool = True

    @property
    def answered(self) -> Answered:
        return Answered(self.outcome, self.data)


class Client:
    """HTTP to the agencies' back ends.

    Raises SettingsError at once when the site names a variable that `environ` lacks. `http`
    replaces the transport of every back end (an application in this process).
    """

    def __init__(
        self,
        site: Site,
        environ: Mapping[str, str],
        *,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._environ = environ
        self._http = http
        self._tls: ssl.SSLContext | None = None
        self._endpoints: dict[str, Endpoint] = {}
        self._clients: dict[str, httpx2.AsyncClient] = {}
        self.adopt(site)

    def adopt(self, site: Site) -> None:
        """Take up the back ends of a newly loaded site, all or nothing.

        Raises SettingsError and changes nothing when one cannot be used. A back end that the
        new site has no more stays callable for conversations that began on the old one.
        """
        self._endpoints |= endpoints(site, self._environ)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    def patience(self, operation: Operation) -> float:
        """Seconds that an answer is waited for."""
        if operation.timeout is not None:
            return operation.timeout.total_seconds()
        endpoint = self._endpoints.get(operation.backend)
        return 0.0 if endpoint is None else endpoint.timeout

    async def exchange(
        self,
        request: CallRequest,
        operation: Operation,
        *,
        key: str,
        deadline: float,
        correlation: str,
    ) -> Ended:
        """The back end's answer, or `unavailable`; never raises for what a back end does.

        `deadline` is on time.monotonic(); the operation's own timeout holds too, whichever ends
        first. `key` is the Idempotency-Key, the same for every repeat of this request.
        """
        started = time.monotonic()
        headers = {"Idempotency-Key": key, "Correlation-Id": correlation}
        if request.phone is not None:
            headers["Citizen-Phone"] = request.phone
        ended = await self._attempt(operation, request, headers, deadline - started)
        report(operation, ended, time.monotonic() - started, correlation)
        return ended

    async def _attempt(
        self,
        operation: Operation,
        request: CallRequest,
        headers: dict[str, str],
        seconds: float,
    ) -> Ended:
        endpoint = self._endpoints.get(operation.backend)
        if endpoint is None:
            return Ended(Outcome.UNAVAILABLE, "unknown-backend", sent=False)
        seconds = min(self.patience(operation), seconds)
        if seconds <= 0:
            return Ended(Outcome.UNAVAILABLE, "deadline", sent=False)
        try:
            async with asyncio.timeout(seconds):
                return await self._exchanged(endpoint, operation, request, headers)
        except TimeoutError:
            reason = "timeout"
        except (_Nothing, Broken) as nothing:
            reason = nothing.reason
        except Unaddressable as wrong:
            # Nothing was sent. What she typed, such as `..`, is hers to correct.
            outcome = Outcome.INVALID if wrong.typed else Outcome.UNAVAILABLE
            return Ended(outcome, wrong.reason, sent=False)
        except httpx2.TransportError as error:
            reason = _REASONS.get(type(error), "transport")
        except Exception as error:
            # The promise to the turn: whatever a back end, or a library on its bytes, does.
            reason = f"unexpected:{type(error).__name__}"
        return Ended(Outcome.UNAVAILABLE, reason)

    async def _exchanged(
        self,
        endpoint: Endpoint,
        operation: Operation,
        request: CallRequest,
        headers: dict[str, str],
    ) -> Ended:
        """A get is asked once more where its connection broke, or the back end was only just not
        there; anything else might be done twice."""
        path, content = _address(operation, request)
        if content is not None:
            headers["Content-Type"] = "application/json"
        client = self._client(endpoint)
        sent = client.build_request(
            operation.method,
            endpoint.url + path,
            headers=endpoint.headers | headers,
            content=content,
        )
        if operation.method != "GET":
            return await _exchange(client, sent, operation)
        with suppress(httpx2.NetworkError, httpx2.RemoteProtocolError):
            ended = await _exchange(client, sent, operation)
            if ended.outcome is not Outcome.UNAVAILABLE or ended.status not in _PASSING:
                return ended
        await asyncio.sleep(random.uniform(*_PAUSE))  # noqa: S311 - spreads, hides nothing
        return await _exchange(client, sent, operation)

    def _client(self, endpoint: Endpoint) -> httpx2.AsyncClient:
        """One client for each address, so that a new site's address gets a new pool."""
        client = self._clients.get(endpoint.url)
        if client is None:
            client = self._clients[endpoint.url] = httpx2.AsyncClient(
                verify=self._verify(endpoint),
                headers={
                    "Accept": "application/json",
                    # a compressed answer could unfold to any size
                    "Accept-Encoding": "identity",
                    "User-Agent": f"gateway/{__version__}",
                },
                # no cookie is kept: it would carry one citizen's state into another's call
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                follow_redirects=False,
                timeout=None,  # one deadline around everything stands in `call`
                limits=httpx2.Limits(
                    max_connections=_CONNECTIONS,
                    max_keepalive_connections=_CONNECTIONS,
                    keepalive_expiry=_IDLE,
                ),
                # neither a proxy nor a .netrc that happens to lie in the environment
                trust_env=False,
                transport=self._http,
            )
        return client

    def _verify(self, endpoint: Endpoint) -> ssl.SSLContext | bool:
        """The system's authorities (or SSL_CERT_FILE's), read once and only where TLS is used."""
        if not endpoint.encrypted:
            return False
        if self._tls is None:
            self._tls = httpx2.create_ssl_context()
        return self._tls


def report(operation: Operation, ended: Ended, seconds: float, correlation: str) -> None:
    """A call's line in the log: its operation, how it went and why; nothing of the citizen's."""
    log = _log.warning if ended.outcome is Outcome.UNAVAILABLE else _log.info
    log(
        "backend",
        operation=operation.name,
        outcome=ended.outcome.value,
        reason=ended.reason,
        status=ended.status,
        longer=ended.longer or None,
        milliseconds=round(seconds * 1000, 1),
        correlation=correlation,
    )


async def _exchange(
    client: httpx2.AsyncClient, sent: httpx2.Request, operation: Operation
) -> Ended:
    response = await client.send(sent, stream=True)
    try:
        status = response.status_code
        outcome = operation.outcomes.get(status)
        decided = outcome is not None and outcome is not Outcome.OK
        if outcome is None:
            outcome = Outcome.OK if response.is_success else Outcome.UNAVAILABLE
        speaks = operation.told_by and (response.is_success or response.is_client_error)
        if outcome is Outcome.OK or (speaks and not decided):
            body = await _body(response)
            outcome = told(operation, body, outcome)
        else:
            await _drain(response)
        if outcome is not Outcome.OK:
            reason = f"status:{status}" if outcome is Outcome.UNAVAILABLE else None
            return Ended(outcome, reason, status)
        given = read(operation, body)
        return Ended(outcome, None, status, given.data, given.longer)
    finally:
        await response.aclose()


def _address(operation: Operation, request: CallRequest) -> tuple[str, bytes | None]:
    """The path with its query, and the JSON body where the method has one."""
    arguments = request.arguments
    if request.phone is not None:
        # Her own number has its header. In an address it would be in every log on the way.
        in_address = {name: value for name, value in arguments.items() if value != request.phone}
    else:
        in_address = dict(arguments)
    path, rest = fill(operation.path, in_address)
    if operation.method not in _WITH_BODY:
        return query(path, rest), None
    taken = placeholders(operation.path)
    body = {
        name: value
        for name, value in arguments.items()
        if name not in taken and (name, value) != ("phone", request.phone)
    }
    try:
        return path, msgspec.json.encode(body)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        raise Unaddressable("not-unicode", typed=True) from None


async def _body(response: httpx2.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise _Nothing("compressed")
    if _length(response) > BODY:
        raise _Nothing("too-large")
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > BODY:
            raise _Nothing("too-large")
    media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content and media and not (media == "application/json" or media.endswith("+json")):
        raise _Nothing("media-type")
    return bytes(content)


async def _drain(response: httpx2.Response) -> None:
    """Read a body that says nothing to us, so that its connection serves the next call."""
    if _length(response) > BODY:
        return
    size = 0
    with suppress(TimeoutError, httpx2.TransportError):
        async with asyncio.timeout(_DRAIN):
            async for piece in response.aiter_raw():
                size += len(piece)
                if size > BODY:
                    return


def _length(response: httpx2.Response) -> int:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0


_REASONS: Mapping[type[httpx2.TransportError], str] = {
    httpx2.ConnectError: "connect",
    httpx2.ReadError: "read",
    httpx2.WriteError: "write",
    httpx2.CloseError: "read",
    httpx2.RemoteProtocolError: "protocol",
    httpx2.LocalProtocolError: "protocol",
}
