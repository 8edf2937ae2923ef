"""One step of a USSD session: from a provider's request to the page that it shows.

    request → load and claim the citizen's conversation
            → a repeat: the same answer · a late one: the current page · another caller: the end
            → the engine, and the back ends that it asks for
            → save session, answer, effects in one script → reply

A step costs two round trips to Redis. Nothing that fails in here leaves it: the citizen gets a
polite last page, and the log a line without anything of hers.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog

from gateway import engine
from gateway.backends import Backends
from gateway.channels import ussd as channel
from gateway.engine import session as sessions_of_engine
from gateway.engine.session import Session
from gateway.errors import ClaimLost, SessionUnreadable, StoreError, StoreUnavailable
from gateway.events import Answered, CallRequest, Dial, Scene, Typed, UssdReply, UssdRequest
from gateway.logs import correlation, failure
from gateway.menu.library import Library
from gateway.menu.program import Program
from gateway.metrics import Metrics, Result
from gateway.store import Citizen, Loaded, State, Store
from gateway.turns import effects, envelope
from gateway.turns.envelope import Envelope
from gateway.turns.calls import Calls
from gateway.turns.sentences import sentence

ANSWER = 9.0  # seconds to reply in; Africa's Talking gives up after 10
CALLS = 5.0  # seconds for all back ends of one step together
LEASE = 8.0  # seconds that a step is claimed for: longer than its calls and its saving
KEPT_ENDED = 600.0  # seconds that a last page is kept, for repeats of its request
KEPT_OPEN = 600.0  # the least that an open session is kept; resume_for may say more
KEPT_SECRETS = 300.0  # longer than any operator keeps one USSD session open
KEPT_BINDING = 3600.0  # seconds that a provider session is known to be its caller's
RECENT = 8192  # provider sessions that one process remembers the callers of

_PAUSES = (0.02, 0.04, 0.08, 0.16, 0.25)  # seconds between two looks at a twin's step
_PROMISES = frozenset({"sms", "callback", "follow"})  # on disk before the citizen reads of them

_log = structlog.get_logger("gateway.turns")


@dataclass(slots=True)
class _Step:
    """What is known of one request while it is worked on."""

    request: UssdRequest
    deadline: float  # on time.monotonic(), to have replied
    citizen: Citizen
    provider_session: bytes  # keyed hash
    digest: bytes  # keyed hash that the same request has again
    language: str | None = None
    claim: bytes | None = None

    @property
    def material(self) -> bytes:
        """What her pins are sealed under: it is stored nowhere."""
        return f"{self.request.provider}\n{self.request.session_id}".encode()


class UssdTurns:
    """Answers USSD requests of any dialect. `store` is None until it is opened."""

    def __init__(
        self,
        library: Library,
        backends: Backends,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store: Store | None = None
        self._library = library
        self._calls = Calls(backends, metrics)
        self._metrics = metrics
        self._clock = clock
        self._callers: dict[bytes, Citizen] = {}

    async def answer(self, request: UssdRequest) -> UssdReply:
        """The reply to one request. Never raises, save when the whole process is stopped."""
        started = time.monotonic()
        language: str | None = None
        try:
            if self.store is None:
                raise StoreUnavailable("the store is not open")
            step = self._step(self.store, request, started)
            try:
                async with asyncio.timeout(ANSWER):
                    result, reply = await self._serve(self.store, step)
            except BaseException as error:
                language = step.language
                await self._give_back(self.store, step, error)
                raise
        except Exception as error:
            # Whatever it was, she is told so in her language, and the call ends.
            fields = failure(error)
            self._metrics.failures.labels(fields["error"]).inc()
            _log.error("ussd-failed", provider=request.provider, **fields)
            result, reply = Result.TROUBLE, self._ending("trouble", request.network, language)
        self._metrics.answered(request.provider, result, time.monotonic() - started)
        return reply

    def apology(self) -> UssdReply:
        """The last page where not even the caller is known."""
        return self._ending("trouble", None, None)

    # ---- one step ------------------------------------------------------------------------

    def _step(self, store: Store, request: UssdRequest, started: float) -> _Step:
        names = store.names
        provider_session = names.digest("ussd", request.provider, request.session_id)
        if request.transcript is None:
            # The newest input alone does not tell a repeat from the same key pressed again.
            digest = os.urandom(16)
        else:
            digest = names.digest(provider_session, request.transcript)
        return _Step(
            request,
            started + ANSWER,
            names.citizen(request.phone),
            provider_session,
            digest,
        )

    async def _serve(self, store: Store, step: _Step) -> tuple[Result, UssdReply]:
        while True:
            loaded, owner = await self._load(store, step)
            if loaded is None:
                _log.warning("ussd-busy", provider=step.request.provider)
                return Result.BUSY, self._ending("busy", step.request.network, step.language)
            kept = self._kept(loaded)
            if loaded.state is State.REPEAT and kept is not None:
                return Result.REPEAT, UssdReply(kept.text, kept.ends)
            try:
                return await self._decide(store, step, loaded, kept, owner)
            except ClaimLost:
                # Slower than the lease: its twin went on meanwhile, and has the answer.
                _log.warning("ussd-claim-lost", provider=step.request.provider)
                step.claim = None

    async def _load(self, store: Store, step: _Step) -> tuple[Loaded | None, Citizen | None]:
        """The claimed conversation, and whose provider session it is if that was remembered.

        None if another request of the same citizen is worked on until the deadline.
        """
        owner = self._callers.get(step.provider_session)
        asked: asyncio.Task[Citizen | None] | None = None
        if owner != step.citizen and not self._begins(step.request):
            # In the same write as the load: no round trip of its own.
            asked = asyncio.ensure_future(store.sessions.seen(step.provider_session))
        try:
            for look in range(1_000_000):
                loaded = await store.sessions.load(
                    step.citizen, step.digest, lease=LEASE, material=step.material
                )
                step.claim = loaded.claim
                step.language = loaded.language
                if loaded.state is not State.BUSY:
                    return loaded, owner if asked is None else await asked
                pause = _PAUSES[min(look, len(_PAUSES) - 1)]
                if time.monotonic() + pause > step.deadline - 0.5:
                    break
                await asyncio.sleep(pause)
        finally:
            if asked is not None:
                asked.cancel()
        return None, None

    @staticmethod
    def _begins(request: UssdRequest) -> bool:
        return request.begins or request.transcript == ""

    def _kept(self, loaded: Loaded) -> Envelope | None:
        if loaded.broken:
            _log.warning("session-unreadable", reason="seal")
        if loaded.body is None:
            return None
        try:
            return envelope.decode(loaded.body)
        except SessionUnreadable:
            _log.warning("session-unreadable", reason="format")
            return None

    async def _decide(
        self,
        store: Store,
        step: _Step,
        loaded: Loaded,
        kept: Envelope | None,
        owner: Citizen | None,
    ) -> tuple[Result, UssdReply]:
        request = step.request
        if kept is not None and kept.provider_session == step.provider_session:
            return await self._go_on(store, step, loaded, kept)
        if owner is not None and owner != step.citizen:
            _log.warning("caller-changed", provider=request.provider)
            await self._release(store, step)
            return Result.CALLER_CHANGED, self._ending("trouble", request.network, step.language)
        if owner is not None and kept is not None:
            # From a session that she has left since: the one she is in now is not touched.
            await self._release(store, step)
            return Result.LATE, UssdReply(kept.text, kept.ends)
        return await self._dial(store, step, loaded, kept)

    async def _go_on(
        self, store: Store, step: _Step, loaded: Loaded, kept: Envelope
    ) -> tuple[Result, UssdReply]:
        """The next request of the session that the conversation was last seen in."""
        request = step.request
        transcript = request.transcript
        if transcript is None:
            typed: str | None = request.input or ""
        else:
            heard = Heard(kept.length, kept.digest)
            typed = heard.next(transcript, store.names.digest)
            if typed is None and len(transcript) <= kept.length:
                await self._release(store, step)
                return Result.LATE, UssdReply(kept.text, kept.ends)
        session = self._session(kept)
        if session is None:
            return await self._dial(store, step, loaded, None)
        if kept.ends:
            await self._release(store, step)
            return Result.LATE, UssdReply(kept.text, kept.ends)
        program = self._library.get(session.program) or self._library.current
        if typed is None:
            # Her history is not the one we heard, though no earlier one: a request was lost, or
            # changed on its way. Nothing is taken out of it; she sees where she is.
            return await self._hear_anew(store, step, kept, session, program)
        return await self._turn(store, step, loaded, program, session, Typed(typed))
