"""Citizens' conversations as a step needs them: claimed, kept, given back.

Every step is one load and one save. What else must be asked or told (whose provider session it
is) leaves in the same write as one of the two.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import structlog

from gateway.engine import LASTS, Open, Session, Turned, decode, encode
from gateway.errors import SessionUnreadable, StoreError, StoreUnavailable
from gateway.events import Channel, Effect
from gateway.menu.library import Library
from gateway.messaging import orders
from gateway.store import Citizen, Loaded, Names, State
from gateway.turns import envelope
from gateway.turns.envelope import Envelope
from gateway.turns.step import Callers, Step

LEASE = 8.0  # seconds that a step is claimed for: longer than its calls and its saving
KEPT_ENDED = 600.0  # seconds that a last page is kept, for repeats of its request
KEPT_OPEN = 600.0  # the least that an open session is kept; resume_for may say more
KEPT_SECRETS = 300.0  # longer than any operator keeps one USSD session open
KEPT_BINDING = 3600.0  # seconds that a provider session is known to be its caller's
GIVING_BACK = 1.0  # seconds that a failed step waits for its claim to be taken back
LAST_LOOK = 0.5  # seconds before the deadline

_PAUSES = (0.02, 0.04, 0.08, 0.16, 0.25)  # seconds between two looks at a twin's step
_PROMISES = frozenset({"sms", "callback", "follow"})  # on disk before the citizen reads of them

_log = structlog.get_logger("gateway.turns")


class Conversations:
    """All of them, in the store that each step brings along."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._callers = Callers()

    async def load(self, step: Step) -> tuple[Loaded, Citizen | None]:
        """The conversation, claimed, and whose provider session this is known to be.

        Still BUSY if another request of the same citizen is worked on until the deadline.
        Raises StoreUnavailable.
        """
        sessions = step.store.sessions
        owner = self._callers.get(step.provider_session)
        if owner == step.citizen:
            loaded = await self._look(step)
        else:
            asked = sessions.seen(step.provider_session)
            loaded = await self._look(step)
            owner = await asked
        return await until_free(loaded, lambda: self._look(step), step.deadline), owner

    async def _look(self, step: Step) -> Loaded:
        loaded = await step.store.sessions.load(
            step.citizen, step.digest, lease=LEASE, material=step.material
        )
        step.claim = loaded.claim
        step.language = loaded.language
        return loaded

    async def keep(
        self,
        step: Step,
        session: Session,
        *,
        secrets: bytes | None,
        turned: Turned | None = None,
        now: int = 0,
    ) -> None:
        """Saves the step and gives the claim back; the caller of a new session is remembered.

        `turned` is what happened, None if nothing did; `now` is in seconds since the epoch.
        Raises ClaimLost or StoreUnavailable.
        """
        claim = step.claim
        if claim is None:
            raise RuntimeError("a step that is not claimed cannot be saved")
        heard = len(step.request.transcript or "")
        left = Envelope(step.provider_session, heard, step.digest, encode(session))
        ordered = () if turned is None else turned.effects
        sessions = step.store.sessions
        bound = None
        if self._callers.get(step.provider_session) != step.citizen:
            bound = sessions.bind(step.provider_session, step.citizen, ttl=KEPT_BINDING)
        await sessions.save(
            step.citizen,
            claim,
            request=step.digest,
            body=envelope.encode(left),
            ttl=self._lifetime(session),
            secrets=secrets,
            secrets_ttl=KEPT_SECRETS,
            material=b"" if secrets is None else step.material,
            language=None if turned is None else turned.language,
            effects=self._entries(step, session, ordered, now) if ordered else (),
            durable=any(order.kind in _PROMISES for order in ordered),
        )
        if bound is not None:
            await bound
            self._callers.remember(step.provider_session, step.citizen)
        step.claim = None

    def _entries(
        self, step: Step, session: Session, ordered: Iterable[Effect], now: int
    ) -> list[tuple[bytes, bytes]]:
        language = session.language or self._library.current.site.source
        given = (step.request.phone, language, session.program, now)
        return entries(step.store.names, ordered, *given)

    def _lifetime(self, session: Session) -> float:
        """Seconds that a conversation is kept after this step."""
        if session.open is Open.ENDED:
            return KEPT_ENDED
        if session.shown is Channel.SMS:
            return LASTS
        program = self._library.get(session.program) or self._library.current
        service = program.services.get(session.service)
        resumable = 0.0 if service is None else service.resume_for.total_seconds()
        return max(KEPT_OPEN, resumable)

    async def release(self, step: Step) -> None:
        """Gives the claim back: nothing is changed. Raises StoreUnavailable."""
        if step.claim is not None:
            await step.store.sessions.release(step.citizen, step.claim)
            step.claim = None

    async def abandon(self, step: Step, error: BaseException) -> None:
        """After a failure, frees the conversation for the next request.

        Without Redis there is nobody to tell, and the lease ends by itself.
        """
        if not isinstance(error, StoreUnavailable):
            with suppress(StoreError, TimeoutError):
                async with asyncio.timeout(GIVING_BACK):
                    await self.release(step)


def entries(
    names: Names, ordered: Iterable[Effect], phone: str, language: str, program: str, now: int
) -> list[tuple[bytes, bytes]]:
    """The key and the payload of each effect. `now`: seconds since the epoch."""
    return [
        (
            names.digest("effect", one.conversation, one.step, str(one.attempt), one.kind),
            orders.encode(one, phone=phone, language=language, program=program, at=now),
        )
        for one in ordered
    ]


def opened(loaded: Loaded) -> tuple[Envelope, Session] | None:
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


async def until_free(
    loaded: Loaded, look: Callable[[], Awaitable[Loaded]], deadline: float
) -> Loaded:
    """Looks again while a twin is worked on; still BUSY just before `deadline` (monotonic)."""
    pauses = iter(_PAUSES)
    while loaded.state is State.BUSY:
        pause = next(pauses, _PAUSES[-1])
        if time.monotonic() + pause > deadline - LAST_LOOK:
            break
        await asyncio.sleep(pause)
        loaded = await look()
    return loaded
