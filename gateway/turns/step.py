"""One request of a provider while it is worked on, and who is known to call."""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from gateway.events import UssdRequest
from gateway.store import Citizen, Store

RECENT = 8192  # provider sessions that one process remembers the callers of


class Step(msgspec.Struct):
    """What is known of the request so far. `deadline` is on time.monotonic(), to have replied."""

    store: Store
    request: UssdRequest
    deadline: float
    citizen: Citizen
    provider_session: bytes  # keyed hash of the provider's name and its session id
    digest: bytes  # keyed hash that the same request has again
    language: str | None = None  # hers, once it is known
    claim: bytes | None = None  # on the conversation, while it is held

    @property
    def material(self) -> bytes:
        """What her pins are sealed under besides the keys: it is stored nowhere."""
        return f"{self.request.provider}\n{self.request.session_id}".encode()

    def heard(self, transcript: str) -> bytes:
        """The keyed hash of a transcript of this session: the request's own for its own one."""
        return self.store.names.digest(self.provider_session, transcript)

    @property
    def text(self) -> str:
        """What came with a request that opens a session: a dialled suffix, or a lost history."""
        return self.request.transcript or self.request.input or ""


def step_of(store: Store, request: UssdRequest, deadline: float) -> Step:
    names = store.names
    provider_session = names.digest("ussd", request.provider, request.session_id)
    if request.transcript is None:
        # The newest input alone does not tell a repeat from the same key pressed again; that a
        # session begins is said once.
        digest = names.digest(provider_session, "begins") if request.begins else os.urandom(16)
    else:
        digest = names.digest(provider_session, request.transcript)  # as in `Step.heard`
    return Step(store, request, deadline, names.citizen(request.phone), provider_session, digest)


class Callers:
    """The callers of the newest provider sessions, so that most steps need not ask the store."""

    def __init__(self, most: int = RECENT) -> None:
        self._most = most
        self._known: dict[bytes, Citizen] = {}

    def get(self, provider_session: bytes) -> Citizen | None:
        return self._known.get(provider_session)

    def remember(self, provider_session: bytes, citizen: Citizen) -> None:
        self._known.pop(provider_session, None)
        self._known[provider_session] = citizen
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]


@lru_cache(16)
def day(minutes: int, timezone: str) -> date:
    """The day in that zone, so many minutes after the epoch: no day begins within one."""
    return datetime.fromtimestamp(minutes * 60, ZoneInfo(timezone)).date()
