"""One step of a USSD session: from a provider's request to the page that it shows.

    request → load and claim the citizen's conversation
            → a repeat: the same answer · a late one: the current page · another caller: the end
            → the engine, and the back ends that it asks for
            → save session, answer and effects in one script → reply

A step costs two round trips to Redis. Nothing that fails in here leaves it: the citizen gets a
polite last page, and the log a line without anything of hers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import structlog

from gateway.backends import Backends
from gateway.channels.ussd import bearer, dialled
from gateway.deadlines import Deadlines
from gateway.engine import Open, Session, resumes, turn
from gateway.errors import ClaimLost, SessionUnreadable, StoreUnavailable
from gateway.events import Channel, Dial, Scene, Typed, UssdReply, UssdRequest
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.menu.program import Program
from gateway.metrics import Metrics, Result
from gateway.store import Citizen, Loaded, State, Store
from gateway.turns import envelope
from gateway.turns.calls import Calls
from gateway.turns.conversations import Conversations, opened
from gateway.turns.envelope import Envelope
from gateway.turns.sentences import sentence
from gateway.turns.step import Step, step_of

ANSWER = 9.0  # seconds to reply in; Africa's Talking gives up after 10
CALLS = 5.0  # seconds for all back ends of one step together
SAVING = 2.0  # seconds of ANSWER that calls leave for what comes after them

_Answer = tuple[Result, UssdReply]

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
        self._conversations = Conversations(library)
        self._calls = Calls(backends, metrics)
        self._metrics = metrics
        self._clock = clock
        self._deadlines = Deadlines(ANSWER)

    async def answer(self, request: UssdRequest) -> UssdReply:
        """The reply to one request. Never raises, save when the whole process is stopped."""
        started = time.monotonic()
        step: Step | None = None
        try:
            if self.store is None:
                raise StoreUnavailable("the store is not open yet")
            step = step_of(self.store, request, started + ANSWER)
            try:
                with self._deadlines:
                    result, reply = await self._serve(step)
            except BaseException as error:
                await self._conversations.abandon(step, error)
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

    async def _serve(self, step: Step) -> _Answer:
        try:
            return await self._attempt(step)
        except ClaimLost:
            # Slower than the lease: its twin went on meanwhile, and has the answer, or will.
            _log.warning("ussd-claim-lost", provider=step.request.provider)
            step.claim = None
            return await self._attempt(step)

    async def _attempt(self, step: Step) -> _Answer:
        loaded, owner = await self._conversations.load(step)
        if loaded.state is State.BUSY:
            _log.warning("ussd-busy", provider=step.request.provider)
            return Result.BUSY, self._ending("busy", step.request.network, step.language)
        kept = opened(loaded)
        if loaded.state is State.REPEAT:
            if kept is None:
                raise SessionUnreadable("the answer to this request cannot be read")
            return Result.REPEAT, self._current(step, kept[1])
        if kept is not None:
            step.language = kept[1].language or step.language
            if kept[0].provider_session == step.provider_session:
                return await self._go_on(step, loaded, *kept)
        return await self._elsewhere(step, loaded, None if kept is None else kept[1], owner)

    async def _go_on(self, step: Step, loaded: Loaded, left: Envelope, session: Session) -> _Answer:
        """A request of the provider session that the conversation was last seen in."""
        if session.open is Open.ENDED or step.request.begins:
            return await self._late(step, session)
        transcript = step.request.transcript
        if transcript is None:
            typed: str | None = step.request.input or ""
        else:
            typed = left.heard.next(transcript, step.heard)
            if typed is None and len(transcript) <= left.length:
                return await self._late(step, session)
        if typed is None:
            # Longer than what was heard, yet no continuation: something was lost on the way.
            # Nothing is taken out of it, but it is where the next request goes on from.
            await self._conversations.keep(step, session, secrets=loaded.secrets)
            return Result.LATE, self._current(step, session)
        program = self._library.get(session.program) or self._library.current
        return await self._turn(step, loaded, program, session, Typed(typed))

    async def _elsewhere(
        self, step: Step, loaded: Loaded, session: Session | None, owner: Citizen | None
    ) -> _Answer:
        """A request of any other provider session: a dial, unless that session is known."""
        if owner is not None and owner != step.citizen:
            _log.warning("caller-changed", provider=step.request.provider)
            await self._conversations.release(step)
            ending = self._ending("trouble", step.request.network, step.language)
            return Result.CALLER_CHANGED, ending
        if owner is not None and session is not None:
            # Hers, and she has left it since: the one she is in now is not touched.
            return await self._late(step, session)
        program = self._library.current
        code = dialled(program, step.request.service_code, step.text)
        if code is None:
            await self._conversations.release(step)
            return Result.END, self._ending("unknown_code", step.request.network, step.language)
        event = Dial(code.code, os.urandom(12).hex(), code.suffix)
        return await self._turn(step, loaded, program, session, event)

    async def _late(self, step: Step, session: Session) -> _Answer:
        await self._conversations.release(step)
        return Result.LATE, self._current(step, session)

    def _current(self, step: Step, session: Session) -> UssdReply:
        """The page that she saw last. One that came by SMS would not fit here."""
        if session.shown is not Channel.USSD:
            return self._ending("busy", step.request.network, step.language)
        return UssdReply(session.last, session.open is Open.ENDED)

    # ---- the turn itself -------------------------------------------------------------------

    async def _turn(
        self,
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
            today=day(now // 60, program.site.timezone),
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
            step.store,
            step.citizen,
            deadline=min(time.monotonic() + CALLS, step.deadline - SAVING),
        )
        step.language = turned.session.language or step.language
        await self._conversations.keep(
            step,
            turned.session,
            secrets=envelope.encode_secrets(turned.secrets),
            turned=turned,
            now=now,
        )
        reply = UssdReply(turned.page, turned.ends)
        return Result.END if turned.ends else Result.PAGE, reply


@lru_cache(16)
def day(minutes: int, timezone: str) -> date:
    """The day in that zone, so many minutes after the epoch: no day begins within one."""
    return datetime.fromtimestamp(minutes * 60, ZoneInfo(timezone)).date()
