"""One step of a USSD session: from a provider's request to the page that it shows.

    request → load and claim the citizen's conversation
            → a repeat: the same answer · a late one: the current page · another caller: the end
            → the engine, and the back ends that it asks for
            → save session, answer and effects in one script → reply

A step costs two round trips to Redis. Nothing that fails in here leaves it: the citizen gets a
polite last page, and the log a line without anything of hers.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog

from gateway.backends import Backends
from gateway.channels.ussd import Heard, bearer, dialled
from gateway.engine import Open, Session, Turned, decode, encode, resumes, turn
from gateway.errors import ClaimLost, SessionUnreadable, StoreError, StoreUnavailable
from gateway.events import Dial, Scene, Typed, UssdReply, UssdRequest
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.menu.program import Program
from gateway.metrics import Metrics, Result
from gateway.store import Citizen, Loaded, State, Store
from gateway.turns import effects, envelope
from gateway.turns.calls import Calls
from gateway.turns.envelope import Envelope
from gateway.turns.sentences import sentence
from gateway.turns.step import Callers, Step, step_of

ANSWER = 9.0  # seconds to reply in; Africa's Talking gives up after 10
CALLS = 5.0  # seconds for all back ends of one step together
SAVING = 2.0  # seconds of ANSWER that calls leave for what comes after them
LEASE = 8.0  # seconds that a step is claimed for: longer than its calls and its saving
KEPT_ENDED = 600.0  # seconds that a last page is kept, for repeats of its request
KEPT_OPEN = 600.0  # the least that an open session is kept; resume_for may say more
KEPT_SECRETS = 300.0  # longer than any operator keeps one USSD session open
KEPT_BINDING = 3600.0  # seconds that a provider session is known to be its caller's

_PAUSES = (0.02, 0.04, 0.08, 0.16, 0.25)  # seconds between two looks at a twin's step
_PROMISES = frozenset({"sms", "callback", "follow"})  # on disk before the citizen reads of them

_Answer = tuple[Result, UssdReply]
_Given = TypeVar("_Given")

_log = structlog.get_logger("gateway.turns")


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
        self._callers = Callers()

    async def answer(self, request: UssdRequest) -> UssdReply:
        """The reply to one request. Never raises, save when the whole process is stopped."""
        started = time.monotonic()
        step: Step | None = None
        try:
            store = self.store
            if store is None:
                raise StoreUnavailable("the store is not open yet")
            step = step_of(request, store.names, started + ANSWER)
            try:
                async with asyncio.timeout(ANSWER):
                    result, reply = await self._serve(store, step)
            except BaseException as error:
                await _give_back(store, step, error)
                raise
        except Exception as error:
            # Whatever it was, she is told so in her language, and the call ends.
            fields = failure(error)
            self._metrics.failures.labels(fields["error"]).inc()
            _log.error("ussd-failed", provider=request.provider, **fields)
            language = None if step is None else step.language
            result, reply = Result.TROUBLE, self._ending("trouble", request.network, language)
        self._metrics.answered(request.provider, result, time.monotonic() - started)
        return reply

    def apology(self) -> UssdReply:
        """The last page where not even the caller is known."""
        return self._ending("trouble", None, None)

    def _ending(self, key: str, network: str | None, language: str | None) -> UssdReply:
        program = self._library.current
        return UssdReply(sentence(program, key, language, bearer(program, network)), ends=True)

    # ---- which conversation, and what of it ------------------------------------------------

    async def _serve(self, store: Store, step: Step) -> _Answer:
        while True:
            loaded, owner = await self._load(store, step)
            if loaded.state is State.BUSY:
                _log.warning("ussd-busy", provider=step.request.provider)
                return Result.BUSY, self._ending("busy", step.request.network, step.language)
            kept = _opened(loaded)
            try:
                return await self._decide(store, step, loaded, kept, owner)
            except ClaimLost:
                # Slower than the lease: its twin went on meanwhile, and has the answer.
                _log.warning("ussd-claim-lost", provider=step.request.provider)
                step.claim = None

    async def _load(self, store: Store, step: Step) -> tuple[Loaded, Citizen | None]:
        """The conversation, claimed, and whose provider session this is known to be.

        Still BUSY if another request of the same citizen is worked on until the deadline.
        """
        owner = self._callers.get(step.provider_session)
        if owner == step.citizen:
            loaded = await self._look(store, step)
        else:
            # The two leave in one write: one round trip.
            asked = _beside(_twice(lambda: store.sessions.seen(step.provider_session)))
            loaded = await self._look(store, step)
            owner = await asked
        pauses = iter(_PAUSES)
        while loaded.state is State.BUSY:
            pause = next(pauses, _PAUSES[-1])
            if time.monotonic() + pause > step.deadline - SAVING / 4:
                break
            await asyncio.sleep(pause)
            loaded = await self._look(store, step)
        return loaded, owner

    async def _look(self, store: Store, step: Step) -> Loaded:
        loaded = await _twice(
            lambda: store.sessions.load(
                step.citizen, step.digest, lease=LEASE, material=step.material
            )
        )
        step.claim = loaded.claim
        step.language = loaded.language
        return loaded

    async def _decide(
        self,
        store: Store,
        step: Step,
        loaded: Loaded,
        kept: tuple[Envelope, Session] | None,
        owner: Citizen | None,
    ) -> _Answer:
        if kept is None:
            if loaded.state is State.REPEAT:
                raise SessionUnreadable("the answer to this request cannot be read")
            if owner is not None and owner != step.citizen:
                return await self._another_caller(store, step)
            return await self._dial(store, step, loaded, None)
        left, session = kept
        step.language = session.language or step.language
        if loaded.state is State.REPEAT:
            return Result.REPEAT, _current(session)
        if left.provider_session == step.provider_session:
            return await self._go_on(store, step, loaded, left, session)
        if owner is None:
            return await self._dial(store, step, loaded, session)
        if owner != step.citizen:
            return await self._another_caller(store, step)
        # Out of a session that she has left since: the one she is in now is not touched.
        return await self._late(store, step, session)

    async def _go_on(
        self, store: Store, step: Step, loaded: Loaded, left: Envelope, session: Session
    ) -> _Answer:
        """A request of the provider session that the conversation was last seen in."""
        if session.open is Open.ENDED:
            return await self._late(store, step, session)
        transcript = step.request.transcript
        if transcript is None:
            typed: str | None = step.request.input or ""
        else:
            typed = left.heard.next(transcript, store.names.digest)
            if typed is None and len(transcript) <= left.length:
                return await self._late(store, step, session)
        if typed is None:
            # Longer than what was heard, yet no continuation: something was lost on the way.
            # Nothing is taken out of it, but it is where the next request goes on from.
            await self._keep(store, step, session, secrets=loaded.secrets)
            return Result.LATE, _current(session)
        program = self._library.get(session.program) or self._library.current
        return await self._turn(store, step, loaded, program, session, Typed(typed))

    async def _dial(
        self, store: Store, step: Step, loaded: Loaded, session: Session | None
    ) -> _Answer:
        """A provider session nobody has seen: she dialled, perhaps after a cut."""
        program = self._library.current
        code = dialled(program, step.request.service_code, step.text)
        if code is None:
            await self._release(store, step)
            return Result.END, self._ending("unknown_code", step.request.network, step.language)
        event = Dial(code.code, os.urandom(12).hex(), code.suffix)
        return await self._turn(store, step, loaded, program, session, event)

    async def _late(self, store: Store, step: Step, session: Session) -> _Answer:
        await self._release(store, step)
        return Result.LATE, _current(session)

    async def _another_caller(self, store: Store, step: Step) -> _Answer:
        _log.warning("caller-changed", provider=step.request.provider)
        await self._release(store, step)
        ending = self._ending("trouble", step.request.network, step.language)
        return Result.CALLER_CHANGED, ending

    # ---- the turn itself -------------------------------------------------------------------

    async def _turn(
        self,
        store: Store,
        step: Step,
        loaded: Loaded,
        program: Program,
        session: Session | None,
        event: Dial | Typed,
    ) -> _Answer:
        now = int(self._clock())
        scene = Scene(
            phone=step.request.phone,
            bearer=bearer(program, step.request.network),
            now=now,
            today=datetime.fromtimestamp(now, ZoneInfo(program.site.timezone)).date(),
            language=loaded.language,
            secrets=envelope.decode_secrets(loaded.secrets),
        )
        if isinstance(event, Dial) and session is not None:
            # What is gone on with goes on in the version that it began in, while it is at hand.
            began = self._library.get(session.program)
            if began is not None and resumes(began, session, event, scene):
                program = began
        turned = await self._calls.run(
            turn(program, session, event, scene),
            program,
            store.names,
            deadline=min(time.monotonic() + CALLS, step.deadline - SAVING),
        )
        step.language = turned.session.language or step.language
        await self._keep(
            store,
            step,
            turned.session,
            secrets=envelope.encode_secrets(turned.secrets),
            turned=turned,
            now=now,
        )
        reply = UssdReply(turned.page, turned.ends)
        return Result.END if turned.ends else Result.PAGE, reply

    async def _keep(
        self,
        store: Store,
        step: Step,
        session: Session,
        *,
        secrets: bytes | None,
        turned: Turned | None = None,
        now: int = 0,
    ) -> None:
        """Saves the step and gives the claim back; the caller of a new session is remembered."""
        ordered = () if turned is None else turned.effects
        transcript = step.request.transcript
        far = Heard(0, b"") if transcript is None else Heard.of(transcript, store.names.digest)
        body = envelope.encode(
            Envelope(step.provider_session, far.length, far.digest, encode(session))
        )
        site = self._library.current.site
        orders = [
            (
                store.names.digest(
                    "effect", order.conversation, order.step, str(order.attempt), order.kind
                ),
                effects.encode(
                    order,
                    phone=step.request.phone,
                    language=session.language or site.source,
                    program=session.program,
                    at=now,
                ),
            )
            for order in ordered
        ]

        claim = step.claim
        if claim is None:
            raise RuntimeError("a step that is not claimed cannot be saved")

        async def save() -> None:
            await store.sessions.save(
                step.citizen,
                claim,
                request=step.digest,
                body=body,
                ttl=self._lifetime(session),
                secrets=secrets,
                secrets_ttl=KEPT_SECRETS,
                material=step.material,
                language=None if turned is None else turned.language,
                effects=orders,
                durable=any(order.kind in _PROMISES for order in ordered),
            )

        # Written a second time it is the same; and if it was written, the claim is gone, and the
        # answer of this very request is found. An effect's way to the disk is not asked twice.
        saving = save() if orders else _twice(save)
        if self._callers.get(step.provider_session) == step.citizen:
            await saving
        else:
            bound = _beside(_twice(lambda: self._bind(store, step)))
            await saving
            await bound
        step.claim = None

    async def _bind(self, store: Store, step: Step) -> None:
        await store.sessions.bind(step.provider_session, step.citizen, ttl=KEPT_BINDING)
        self._callers.remember(step.provider_session, step.citizen)

    def _lifetime(self, session: Session) -> float:
        """Seconds that a conversation is kept after this step."""
        if session.open is Open.ENDED:
            return KEPT_ENDED
        program = self._library.get(session.program) or self._library.current
        service = program.services.get(session.service)
        resumable = 0.0 if service is None else service.resume_for.total_seconds()
        return max(KEPT_OPEN, resumable)

    async def _release(self, store: Store, step: Step) -> None:
        if step.claim is not None:
            await store.sessions.release(step.citizen, step.claim)
            step.claim = None


def _current(session: Session) -> UssdReply:
    return UssdReply(session.last, session.open is Open.ENDED)


def _opened(loaded: Loaded) -> tuple[Envelope, Session] | None:
    """What was kept, if this release can read it; else the citizen begins anew."""
    if loaded.broken:
        _log.warning("session-unreadable", reason="seal")
    if loaded.body is None:
        return None
    try:
        left = envelope.decode(loaded.body)
        return left, decode(left.session)
    except SessionUnreadable:
        _log.warning("session-unreadable", reason="format")
        return None


async def _twice(ask: Callable[[], Awaitable[_Given]]) -> _Given:
    """Asks once more where the connection broke on the way: a server that is there again (the
    deployment's own is started anew at once) answers, and one that stays away refuses at once."""
    started = time.monotonic()
    try:
        return await ask()
    except StoreUnavailable:
        if time.monotonic() - started > SAVING / 2:
            raise
        return await ask()


def _beside(work: Coroutine[Any, Any, _Given]) -> asyncio.Task[_Given]:
    """Begins now what is awaited later, or by nobody if something else fails first."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def _give_back(store: Store, step: Step, error: BaseException) -> None:
    """Frees the conversation for the next request. Without Redis, its lease ends by itself."""
    if step.claim is not None and not isinstance(error, StoreUnavailable):
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(1.0):
                await store.sessions.release(step.citizen, step.claim)
