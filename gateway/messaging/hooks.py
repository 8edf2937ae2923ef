"""Telling agencies how their messages ended: signed webhooks, by the Standard Webhooks
specification (version 1: `webhook-id`, `webhook-timestamp`, `webhook-signature`).

What is told holds neither number nor text. The id is the same each time an event is told, so an
agency that hears it twice knows.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
import msgspec
import structlog

from gateway.errors import SealBroken, SettingsError
from gateway.menu.program import Agency, EnvRef, Site
from gateway.menu.values import is_private
from gateway.messaging import letter
from gateway.messaging.pace import Pace
from gateway.metrics import Metrics
from gateway.store import STATES, Record, Store, Taken

SECONDS = 5.0  # for an agency to answer
PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200)
"""Seconds before each further attempt: about a day in all."""

REST = 30.0  # seconds in which an agency that did not listen is told nothing more

TOGETHER = 8  # events that one agency is told at a time: a slow one leaves connections to others

_AT_ONCE = 16
_AGAIN = frozenset({408, 425, 429})

_log = structlog.get_logger("gateway.messaging")


class Event(msgspec.Struct):
    """The body of a webhook."""

    type: str
    id: str
    status: str
    reason: str
    at: str  # RFC 3339
    template: str
    reference: str
    attempts: int
    segments: int


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    secret: bytes = field(repr=False)


class Hooks:
    """Tells what stands in the queue of hooks. `adopt` is given each site that is served."""

    def __init__(
        self,
        environ: Mapping[str, str],
        http: httpx2.AsyncClient,
        metrics: Metrics,
        pace: Pace,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._environ = environ
        self._http = http
        self._metrics = metrics
        self._pace = pace
        self._clock = clock
        self._targets: dict[str, Target] = {}
        self._rests: dict[str, float] = {}  # until when, on the clock
        self._turns = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(TOGETHER))

    def adopt(self, site: Site) -> None:
        """Raises SettingsError for an address or a secret that the environment lacks, or that
        cannot be used."""
        self._targets = {
            agency.name: _target(agency, self._environ)
            for agency in site.agencies.values()
            if agency.webhook is not None
        }

    async def run(self, store: Store, shard: int) -> int:
        """Tells what is due in a shard; how many events. Raises StoreUnavailable."""
        taken = await store.hooks.take(shard, _AT_ONCE, lease=self._pace.lease)
        await asyncio.gather(*(self._tell(store, one) for one in taken))
        return len(taken)

    async def _tell(self, store: Store, taken: Taken) -> None:
        message = taken.payload.decode().split(" ")[1]
        record = await store.outbox.read(message)
        target = None if record is None else self._targets.get(record.agency)
        if record is None or target is None:
            await store.hooks.done(taken)
            return
        turns = self._turns[record.agency]
        try:
            async with asyncio.timeout(SECONDS):  # far less than its lease
                await turns.acquire()
        except TimeoutError:
            await store.hooks.later(taken, taken.payload, round(self._clock() * 1000))
            return
        try:
            await self._in_turn(store, taken, record, target)
        finally:
            turns.release()

    async def _in_turn(self, store: Store, taken: Taken, record: Record, target: Target) -> None:
        attempt, message, state, at, reason = taken.payload.decode().split(" ")
        rests = self._rests.get(record.agency, 0.0)
        if rests > self._clock():
            # One that is away must not keep the others waiting; it is no attempt.
            await store.hooks.later(taken, taken.payload, round(rests * 1000))
            return
        event = Event(
            type=f"message.{STATES[state].value}",
            id=message,
            status=STATES[state].value,
            reason=reason,
            at=datetime.fromtimestamp(int(at) / 1000, UTC).isoformat(timespec="seconds"),
            template=record.template,
            reference=_reference(record.body),
            attempts=record.attempts,
            segments=record.segments,
        )
        result = await self._post(target, f"{message}.{state}", msgspec.json.encode(event))
        number = int(attempt)
        if result == "again":
            self._rests[record.agency] = self._clock() + REST
        if result == "again" and number < len(PAUSES):
            due = round((self._clock() + PAUSES[number]) * 1000)
            line = f"{number + 1} {message} {state} {at} {reason}"
            await store.hooks.later(taken, line.encode(), due)
        else:
            result = "given-up" if result == "again" else result
            await store.hooks.done(taken)
        self._metrics.hooks.labels(record.agency, result).inc()
        if result != "told":
            _log.warning("webhook-not-told", agency=record.agency, result=result, attempt=number)

    async def _post(self, target: Target, event_id: str, body: bytes) -> str:
        """`told`, `again` or `refused`."""
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(target.secret, event_id, stamp, body),
        }
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self._http.post(target.url, content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError):
            return "again"
        if answer.is_success:
            return "told"
        return "again" if answer.status_code >= 500 or answer.status_code in _AGAIN else "refused"


def sign(secret: bytes, event_id: str, stamp: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 (RFC 2104) of id, time and body, in base64."""
    signed = b".".join((event_id.encode(), stamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def _reference(body: bytes | None) -> str:
    try:
        return "" if body is None else letter.decode(body).reference
    except SealBroken:
        return ""


def _target(agency: Agency, environ: Mapping[str, str]) -> Target:
    url = _said(agency.webhook, environ, "the address that is told of its messages")
    if not is_private(url):
        raise SettingsError(
            f"the webhook of {agency.name} is wrong ({agency.place}): it must begin with https://"
        )
    secret = _said(agency.webhook_secret, environ, "the secret that its webhooks are signed with")
    return Target(url, _key(secret, agency))


def _key(secret: str, agency: Agency) -> bytes:
    """The bytes that sign: what follows `whsec_` is base64, anything else is taken as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise SettingsError(
            f"the webhook's secret of {agency.name} is wrong: after whsec_ it is base64"
        ) from None


def _said(value: str | EnvRef | None, environ: Mapping[str, str], what: str) -> str:
    if not isinstance(value, EnvRef):
        return value or ""
    found = environ.get(value.name, "").strip()
    if not found:
        raise SettingsError(f"{value.name} is missing ({value.place}): give {what}")
    return found
