"""One text message: from a provider's delivery of it to the reply that is put in the outbox.

    message → load and claim the citizen's conversation
            → answered before: nothing · a stop, start-again or help word: told so
            → too many of them, or ever the same: silence
            → the engine, and the back ends that it asks for
            → save session, reply, effects and the message's mark in one script

What cannot be saved is not taken: the provider is refused, and brings the message again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from gateway.backends import Backends
from gateway.channels import sms
from gateway.channels.sms import Word
from gateway.deadlines import Deadlines
from gateway.engine import Session, goes_on, turn
from gateway.errors import ClaimLost, StepBusy, StoreError, StoreUnavailable
from gateway.events import Encoding, IncomingSms, Scene, Texted
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.menu.program import Program
from gateway.metrics import Metrics, Received
from gateway.store import Loaded, State, Store
from gateway.turns import messages
from gateway.turns.calls import Calls
from gateway.turns.conversations import opened
from gateway.turns.envelope import Envelope
from gateway.turns.messages import MOST, WINDOWS, Message
from gateway.turns.ussd import ANSWER, CALLS, SAVING, day

MOST_ECHOES = 3  # times running that one text is answered the same

_log = structlog.get_logger("gateway.turns")


class SmsTurns:
    """Takes text messages of any dialect. `store` is None until it is opened."""

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
        self._deadlines = Deadlines(ANSWER)

    async def receive(self, incoming: IncomingSms) -> None:
        """Takes one message: when this returns, it is answered, or never will be.

        Raises StoreError or TimeoutError where nothing came of it, and it must be brought again.
        """
        try:
            result = await self._received(incoming)
        except BaseException:
            self._metrics.messages.labels(incoming.provider, Received.REFUSED.value).inc()
            raise
        self._metrics.messages.labels(incoming.provider, result.value).inc()

    async def _received(self, incoming: IncomingSms) -> Received:
        program, phone = self._library.current, incoming.phone
        if phone is None or phone.lstrip("+") == (program.site.sms.sender or "").lstrip("+"):
            return Received.NOBODY
        if self.store is None:
            raise StoreUnavailable("the store is not open yet")
        message = messages.message_of(
            self.store,
            incoming,
            phone,
            time.monotonic() + ANSWER,
            program=program.hash,
            source=program.site.source,
        )
        try:
            with self._deadlines:
                return await self._serve(message)
        except Exception as error:
            fields = failure(error)
            self._metrics.failures.labels(fields["error"]).inc()
            if isinstance(error, StoreError | TimeoutError) or message.claim is None:
                await messages.abandon(message, error)
                raise
            _log.error("sms-failed", provider=incoming.provider, **fields)
        except BaseException as error:
            await messages.abandon(message, error)
            raise
        # It would fail again, however often it came.
        told = sms.said(program, message.language, "trouble_sms")
        await messages.tell(message, told, int(self._clock()))
        return Received.TROUBLE

    async def _serve(self, message: Message) -> Received:
        try:
            return await self._attempt(message)
        except ClaimLost:
            # Slower than the lease: another step of hers went on meanwhile.
            _log.warning("sms-claim-lost", provider=message.sms.provider)
            message.claim = None
            return await self._attempt(message)

    async def _attempt(self, message: Message) -> Received:
        loaded = await messages.load(message)
        if loaded.state is State.BUSY:
            raise StepBusy("another step of this conversation takes too long")
        if loaded.state is State.DONE:
            return Received.DUPLICATE
        program, now = self._library.current, int(self._clock())
        kept = opened(loaded)
        if kept is not None:
            message.language = kept[1].language or message.language
        word = sms.word(program, message.sms.text)
        if word is not None:
            await self._obey(message, program, word)
        beyond = [
            count - MOST[window]
            for window, count in zip(WINDOWS, loaded.counts, strict=True)
            if count > MOST[window]
        ]
        if beyond:
            _log.warning("sms-looped", provider=message.sms.provider)
            # A citizen is told why, once; another machine hears nothing more.
            told = sms.said(program, message.language, "too_many") if 1 in beyond else ""
            await messages.tell(message, told, now)
            return Received.LOOPED
        if word is not None:
            to = message.sms.to
            told = sms.reply(program, word, language=message.language, to=to)
            await messages.tell(message, told, now)
            return _OBEYED[word]
        case = sms.left_case(program, message.sms.text)
        if case is not None and await _leave(message, program, case):
            told = sms.said(program, message.language, "unfollowed", {"reference": case})
            await messages.tell(message, told, now)
            return Received.STOPPED
        left, session = (None, None) if kept is None else kept
        return await self._turn(message, loaded, left, session, now)

    async def _obey(self, message: Message, program: Program, word: Word) -> None:
        """What must hold before she is told that it does. Done twice it is the same."""
        sender = program.site.sms.sender or message.sms.to
        match word:
            case Word.STOP:
                await message.store.optouts.stop(message.citizen, sender)
            case Word.AGAIN:
                await message.store.optouts.start(message.citizen, sender)

    async def _turn(
        self,
        message: Message,
        loaded: Loaded,
        left: Envelope | None,
        session: Session | None,
        now: int,
    ) -> Received:
        program = self._library.current
        if session is not None:
            # What is gone on with goes on in the version that it began in, while it is at hand.
            began = self._library.get(session.program)
            if began is not None and goes_on(began, session, self._scene(message, began, now)):
                program = began
        message.program, message.source = program.hash, program.site.source
        message.language = loaded.language
        names = message.store.names
        turned = await self._calls.run(
            turn(
                program,
                session,
                Texted(message.sms.text, message.conversation),
                self._scene(message, program, now),
            ),
            program,
            message.store,
            message.citizen,
            deadline=min(time.monotonic() + CALLS, message.deadline - SAVING),
        )
        message.language = turned.session.language or message.language
        echo = names.digest("echo", message.sms.text, turned.page)
        echoes = left.echoes + 1 if left is not None and left.echo == echo else 1
        silent = echoes > MOST_ECHOES and not turned.effects
        await messages.keep(message, turned, left, echo, echoes, now, silent=silent)
        if silent:
            _log.warning("sms-looped", provider=message.sms.provider)
        return Received.LOOPED if silent else Received.ANSWERED

    def _scene(self, message: Message, program: Program, now: int) -> Scene:
        bearers = sms.bearers(program, message.sms.network)
        return Scene(
            phone=message.phone,
            bearer=bearers[Encoding.GSM7],
            bearers=bearers,
            now=now,
            today=day(now // 60, program.site.timezone),
            language=message.language,
        )


async def _leave(message: Message, program: Program, case: str) -> bool:
    """Whether she followed that case of some agency; she does no longer."""
    left = [
        await message.store.followers.unfollow(message.citizen, agency, case)
        for agency in program.site.agencies
    ]
    return any(left)


_OBEYED = {
    Word.STOP: Received.STOPPED,
    Word.AGAIN: Received.STARTED,
    Word.HELP: Received.HELPED,
}
