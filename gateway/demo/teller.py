"""Tells the gateway how cases stand, as an agency's own system does: over its HTTP API."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import httpx2
import msgspec
import structlog

from gateway.demo.ledger import Ledger
from gateway.demo.outbox import Notice, Outbox, Settled

_LOOK = 0.5  # seconds between two looks at what is due
_WAIT = 10.0  # seconds for one answer
_COUNT_AGAIN = 1.0  # seconds until it is asked again how many were told
_AGAIN = frozenset((401, 408, 425, 429))  # and all of 5xx: told again

_log = structlog.get_logger("gateway.demo")


@dataclass(frozen=True, slots=True)
class Counter:
    """Where the gateway answers. `key` gives a token of an agency; it raises OSError while there
    is none to be had."""

    url: str
    key: Callable[[str], Awaitable[str]]


def new_client() -> httpx2.AsyncClient:
    """Of one that tells: no proxy of the environment, no redirect to anywhere."""
    return httpx2.AsyncClient(trust_env=False, timeout=_WAIT, follow_redirects=False)


class _Answer(msgspec.Struct):
    """What is read of an answer: of an update, or of a problem."""

    id: str | None = None
    status: str | int | None = None
    accepted: int | None = None
    code: str | None = None


class Teller:
    """Moves cases on when they are due, and tells of each state once.

    Whatever is interrupted is told again under the same Idempotency-Key, which the gateway knows
    for two days.
    """

    def __init__(self, ledger: Ledger, outbox: Outbox, counter: Counter | None) -> None:
        self._ledger, self._outbox, self._counter = ledger, outbox, counter
        self._keys: dict[str, str] = {}

    async def run(self) -> None:
        """Works until it is cancelled."""
        async with new_client() as http:
            while True:
                try:
                    await self.look(http)
                except sqlite3.Error as error:
                    # A full disk, perhaps: nothing is lost, it is tried again.
                    _log.error("agencies-ledger", error=type(error).__name__)
                await anyio.sleep(_LOOK)

    async def look(self, http: httpx2.AsyncClient) -> None:
        """Once: moves on what is due, and tells what can be told now."""
        with self._ledger.together():
            self._ledger.catch_up()
        if self._counter is None:
            return
        for notice in self._outbox.due(self._now()):
            await self._tell(http, self._counter, notice)
        for notice in self._outbox.uncounted(self._now()):
            await self._count(http, self._counter, notice)

    async def _tell(self, http: httpx2.AsyncClient, counter: Counter, notice: Notice) -> None:
        self._outbox.begin(notice, self._now())
        body = {"template": notice.template, "data": notice.data, "final": notice.final}
        try:
            response = await http.post(
                f"{counter.url}/v1/cases/{notice.number}/updates",
                content=msgspec.json.encode(body),
                headers={
                    **await self._headers(counter, notice.agency),
                    "Content-Type": "application/json",
                    "Idempotency-Key": notice.key,
                },
            )
        except (httpx2.HTTPError, OSError):
            self._outbox.put_off(notice, None, self._now())
            return
        status, answer = response.status_code, _read(response.content)
        if status in _AGAIN or status >= 500:
            if status == 401:
                self._keys.pop(notice.agency, None)
            asked_for = response.headers.get("Retry-After", "")
            pause = int(asked_for) if asked_for.isdecimal() and len(asked_for) < 5 else 0
            self._outbox.put_off(notice, status, self._now() + pause)
        elif response.is_success:
            self._outbox.settle(notice, Settled.TOLD, status, update_id=answer.id)
        else:
            self._outbox.settle(notice, Settled.REFUSED, status, code=answer.code)
            _log.warning("news-refused", agency=notice.agency, status=status, code=answer.code)

    async def _count(self, http: httpx2.AsyncClient, counter: Counter, notice: Notice) -> None:
        """To how many it went: for the agency's own page, so nothing depends on it."""
        try:
            response = await http.get(
                f"{counter.url}/v1/cases/{notice.number}/updates/{notice.update_id}",
                headers=await self._headers(counter, notice.agency),
            )
        except (httpx2.HTTPError, OSError):
            self._outbox.count_later(notice, self._now() + _COUNT_AGAIN)
            return
        answer = _read(response.content)
        if answer.status == "done" and answer.accepted is not None:
            self._outbox.count(notice, answer.accepted)
        elif response.status_code == 404:  # the gateway's memory of it is over
            self._outbox.give_up_counting(notice)
        else:
            if response.status_code == 401:
                self._keys.pop(notice.agency, None)
            self._outbox.count_later(notice, self._now() + _COUNT_AGAIN)

    async def _headers(self, counter: Counter, agency: str) -> dict[str, str]:
        if agency not in self._keys:
            self._keys[agency] = await counter.key(agency)
        return {"Authorization": f"Bearer {self._keys[agency]}"}

    def _now(self) -> float:
        return self._ledger.clock().timestamp()


def _read(content: bytes) -> _Answer:
    try:
        return msgspec.json.decode(content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Answer()
