"""One attempt at a provider's HTTP interface, and what its outcome says of the message.

The question is always whether the message may have left. It has not while the request's body
was not begun (a server has nothing to act on), and it may have once that was; only an answer
that can be read tells more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from gateway.events import Fate, Submission
from gateway.providers.reasons import Reason

SECONDS = 15.0
"""For a whole attempt, from waiting for a connection to the answer's last byte."""

PAUSE = 600.0  # seconds, where somebody has to put the account or the settings right
BREATH = 60.0  # seconds, where the provider is overrun and does not say for how long

_CONNECT = 5.0  # seconds for a connection: ends before the attempt does, and so is surely unsent
_LONGEST_PAUSE = 3600.0
_MOST_BYTES = 64 * 1024  # of an answer; a message's has a few hundred

_UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
)
_HERS = frozenset({400, 409, 413, 414, 422})  # what may be wrong with this one message
_DOUBTFUL = frozenset({303, 500, 502, 504})  # it may have been taken before that went wrong

_REASONS: Mapping[int, Reason] = {
    401: Reason.CREDENTIALS,
    402: Reason.INSUFFICIENT_BALANCE,
    403: Reason.CREDENTIALS,
}


class Unreadable(Exception):
    """An answer that says nothing of our message. Never leaves this room."""


class _Progress:
    """Listens to what the transport tells of the request (httpcore's `trace` extension)."""

    def __init__(self) -> None:
        self._heard = False
        self._begun = False

    async def __call__(self, event: str, _info: dict[str, Any]) -> None:
        self._heard = True
        if event.endswith(".send_request_body.started"):
            self._begun = True

    @property
    def may_have_left(self) -> bool:
        """A transport that tells nothing may have done anything."""
        return self._begun or not self._heard


async def submit(
    http: httpx2.AsyncClient,
    request: httpx2.Request,
    judge: Callable[[bytes], Submission],
    seconds: float = SECONDS,
) -> Submission:
    """Sends `request` once, and judges what came of it. Never raises.

    `judge` reads the body of a 2xx answer and raises Unreadable for what it cannot make out.
    Redirects are not followed: the key would go wherever they point.
    """
    progress = _Progress()
    request.extensions = {
        **request.extensions,
        "trace": progress,
        "timeout": {"connect": _CONNECT, "pool": _CONNECT, "read": None, "write": None},
    }
    try:
        async with asyncio.timeout(seconds):
            response = await http.send(request, auth=None, follow_redirects=False, stream=True)
            try:
                if not response.is_success:
                    return _refused(response.status_code, response.headers)
                return judge(await _body(response))
            finally:
                await response.aclose()
    except _UNSENT:
        return Submission(Fate.RETRY, reason=Reason.UNREACHABLE)
    except Unreadable:
        return Submission(Fate.UNSURE, reason=Reason.UNREADABLE)
    except TimeoutError:
        reason = Reason.DEADLINE
    except httpx2.TransportError:
        reason = Reason.CONNECTION_LOST
    except Exception:
        # The promise to the worker: whatever a library does on a provider's bytes.
        reason = Reason.OTHER
    return Submission(Fate.UNSURE if progress.may_have_left else Fate.RETRY, reason=reason)


async def _body(response: httpx2.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Unreadable
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > _MOST_BYTES:
            raise Unreadable
    return bytes(body)


def _refused(status: int, headers: Mapping[str, str]) -> Submission:
    """What an answer that is no success says by its status alone (RFC 9110, section 15)."""
    if status in _HERS:
        return Submission(Fate.FAILED, reason=Reason.REFUSED)
    if status in (429, 503):
        reason = Reason.THROTTLED if status == 429 else Reason.PROVIDER_TROUBLE
        return Submission(Fate.RETRY, reason=reason, pause=_retry_after(headers))
    if status == 408:
        return Submission(Fate.RETRY, reason=Reason.PROVIDER_TROUBLE)
    if status in _DOUBTFUL:
        return Submission(Fate.UNSURE, reason=Reason.PROVIDER_TROUBLE)
    # The key, the account or the address is wrong. No message is at fault, so none is lost.
    return Submission(Fate.RETRY, reason=_REASONS.get(status, Reason.REFUSED), pause=PAUSE)


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, of either form of the header (RFC 9110, section 10.2.3)."""
    told = headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        seconds = float(told[:9])
    else:
        try:
            date = parsedate_to_datetime(told)
        except ValueError:
            return BREATH
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - time.time()
    return min(max(seconds, 1.0), _LONGEST_PAUSE)
