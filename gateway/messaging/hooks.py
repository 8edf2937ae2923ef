"""Telling agencies of what is theirs (messages, call-backs, ratings): signed webhooks, by the
Standard Webhooks specification (version 1: `webhook-id`, `webhook-timestamp`, `webhook-signature`).

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

import httpx2
import structlog

from gateway.errors import SettingsError
from gateway.menu.program import Agency, EnvRef, Site
from gateway.menu.values import is_private
from gateway.messaging.news import Line, Told, told
from gateway.messaging.pace import Pace
from gateway.metrics import Metrics
from gateway.store import Store, Taken

SECONDS = 5.0  # for an agency to answer
PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200)
"""Seconds before each further attempt: about a day in all."""

REST = 30.0  # seconds in which an agency that did not listen is told nothing more

TOGETHER = 8  # events that one agency is told at a time: a slow one leaves connections to others

_AT_ONCE = 16
_AGAIN = frozenset({408, 425, 429})

_log = structlog.get_logger("gateway.messaging")


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
        line = Line.read(taken.payload)
        event = await told(store, line)
        target = None if event is None else self._targets.get(event.agency)
        if event is None or target is None:
            await store.hooks.done(taken)
            return
        turns = self._turns[event.agency]
        try:
            async with asyncio.timeout(SECONDS):  # far less than its lease
                await turns.acquire()
        except TimeoutError:
            await store.hooks.later(taken, taken.payload, round(self._clock() * 1000))
            return
        try:
            await self._in_turn(store, taken, line, event, target)
        finally:
            turns.release()

    async def _in_turn(
        self, store: Store, taken: Taken, line: Line, event: Told, target: Target
    ) -> None:
        agency = event.agency
        rests = self._rests.get(agency, 0.0)
        if rests > self._clock():
            # One that is away must not keep the others waiting; it is no attempt.
            await store.hooks.later(taken, taken.payload, round(rests * 1000))
            return
        result = await self._post(target, line.event_id, event.body)
        if result == "again":
            self._rests[agency] = self._clock() + REST
        if result == "again" and line.attempt < len(PAUSES):
            due = round((self._clock() + PAUSES[line.attempt]) * 1000)
            await store.hooks.later(taken, line.again(), due)
        else:
            result = "given-up" if result == "again" else result
            await store.hooks.done(taken)
        self._metrics.hooks.labels(agency, result).inc()
        if result != "told":
            _log.warning("webhook-not-told", agency=agency, result=result, attempt=line.attempt)

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
