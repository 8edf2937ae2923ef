"""A text message while it is worked on: claimed, told from its repeats, saved at once.

A provider brings a message again, for hours, until it hears that it was taken. So its mark, the
reply, the conversation and what it ordered are written in one script, or nothing is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import msgspec

from gateway.channels import sms
from gateway.engine import LASTS, Open, Turned, encode
from gateway.errors import StoreError, StoreUnavailable
from gateway.events import Effect, Encoding, IncomingSms, Scene
from gateway.menu.program import Program
from gateway.store import Citizen, Loaded, Store
from gateway.turns import envelope
from gateway.turns.conversations import GIVING_BACK, KEPT_ENDED, LEASE, entries, until_free
from gateway.turns.envelope import Envelope
from gateway.turns.step import day

REPEATED = 172_800.0  # seconds that a message is known by its provider's id
ALIKE = 10.0  # seconds that one without an id is known by its sender and text

WINDOWS: Mapping[str, float] = MappingProxyType({"short": 600.0, "day": 86_400.0})
MOST: Mapping[str, int] = MappingProxyType({"short": 30, "day": 200})
"""Messages of one sender within each window that are answered: no citizen sends as many, and two
machines that answer each other come to an end."""


class Message(msgspec.Struct):
    """What is known of it so far. `deadline` is on time.monotonic(), to have taken it."""

    store: Store
    sms: IncomingSms
    phone: str
    deadline: float
    citizen: Citizen
    mark: tuple[bytes, float]  # what it is known by, and for how many seconds
    word: bytes  # the reply's own key
    program: str  # hash of the menus that it is answered by
    source: str  # the site's language
    language: str | None = None  # hers, once it is known
    claim: bytes | None = None  # on the conversation, while it is held

    @property
    def conversation(self) -> str:
        """The id of one that it begins: the same if it comes again, and so what it orders."""
        return self.store.names.digest("conversation", self.mark[0]).hex()[:24]


def message_of(
    store: Store, incoming: IncomingSms, phone: str, deadline: float, *, program: str, source: str
) -> Message:
    names = store.names
    if incoming.id:
        key = names.digest("message", incoming.provider, incoming.id)
        mark, word = (key, REPEATED), names.digest("reply", key)
    else:
        key = names.digest("alike", incoming.provider, phone, incoming.to, incoming.text)
        mark, word = (key, ALIKE), os.urandom(16)
    citizen = names.citizen(phone)
    return Message(store, incoming, phone, deadline, citizen, mark, word, program, source)


async def load(message: Message) -> Loaded:
    """The conversation, claimed. Still BUSY if another step of hers takes too long; DONE if this
    message was answered before. Raises StoreUnavailable."""

    async def look() -> Loaded:
        # The mark alone tells a repeat: one that has no id may say the same again later.
        loaded = await message.store.sessions.load(
            message.citizen,
            os.urandom(16),
            lease=LEASE,
            mark=message.mark[0],
            windows=WINDOWS,
        )
        message.claim = loaded.claim
        message.language = loaded.language
        return loaded

    return await until_free(await look(), look, message.deadline)


def scene(message: Message, program: Program, now: int) -> Scene:
    """`now`: seconds since the epoch."""
    bearers = sms.bearers(program, message.sms.network)
    return Scene(
        phone=message.phone,
        bearer=bearers[Encoding.GSM7],
        bearers=bearers,
        now=now,
        today=day(now // 60, program.site.timezone),
        language=message.language,
    )


async def tell(message: Message, text: str, now: int) -> None:
    """Answers beside her conversation, which stays as it is; nothing where `text` is empty.

    `now`: seconds since the epoch. Raises ClaimLost or StoreUnavailable.
    """
    reply = [_reply(message, text, message.conversation, "", now)] if text else []
    await _save(message, None, KEPT_ENDED, None, reply)


async def keep(
    message: Message,
    turned: Turned,
    left: Envelope | None,
    echo: bytes,
    echoes: int,
    now: int,
    *,
    silent: bool,
) -> None:
    """Writes the turn and its reply. Raises ClaimLost or StoreUnavailable."""
    session = turned.session
    kept = Envelope(
        provider_session=b"" if left is None else left.provider_session,
        length=0 if left is None else left.length,
        digest=b"" if left is None else left.digest,
        session=encode(session),
        echo=echo,
        echoes=echoes,
    )
    language = session.language or message.source
    given = (message.phone, language, session.program, now)
    ordered = entries(message.store.names, turned.effects, *given)
    if not silent:
        ordered.append(
            _reply(message, turned.page, session.conversation, turned.trace.service, now)
        )
    life = KEPT_ENDED if session.open is Open.ENDED else LASTS + KEPT_ENDED
    await _save(message, envelope.encode(kept), life, turned.language, ordered)


def _reply(
    message: Message, text: str, conversation: str, service: str, now: int
) -> tuple[bytes, bytes]:
    language = message.language or message.source
    body = {
        "message": "",
        "text": text,
        "encoding": sms.encoding(text).value,
        "language": language,
        "reply": True,
    }
    effect = Effect("sms", conversation, "reply", 0, service, body)
    given = (message.phone, language, message.program, now)
    ((_, payload),) = entries(message.store.names, [effect], *given)
    return message.word, payload


async def _save(
    message: Message,
    body: bytes | None,
    ttl: float,
    language: str | None,
    ordered: Sequence[tuple[bytes, bytes]],
) -> None:
    claim = message.claim
    if claim is None:
        raise RuntimeError("a message that is not claimed cannot be saved")
    await message.store.sessions.save(
        message.citizen,
        claim,
        request=os.urandom(16),
        body=body,
        ttl=ttl,
        language=language,
        effects=ordered,
        mark=message.mark,
    )
    message.claim = None


async def abandon(message: Message, error: BaseException) -> None:
    """After a failure, frees the conversation for the next step of hers."""
    claim, message.claim = message.claim, None
    if claim is not None and not isinstance(error, StoreUnavailable):
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(GIVING_BACK):
                await message.store.sessions.release(message.citizen, claim)
