"""What citizens' steps ordered, handed to whoever does it: messages to the outbox, followers to
their case, the rest to those who take it.

Every order is done under its effect's key, so doing it again changes nothing: an order that was
taken by a worker which died is simply done by the next one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.errors import StoreUnavailable
from gateway.events import Encoding, Lane
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.menu.program import Message
from gateway.messaging import following, letter, orders
from gateway.messaging.following import Following
from gateway.messaging.letter import Letter
from gateway.messaging.orders import Order
from gateway.metrics import Metrics
from gateway.store import Draft, Kept, Store
from gateway.text.segments import segment

MOST = 50  # orders of a shard at once
LEASE = 30.0  # seconds: they are done in far less
REPLY_VALID = 24 * 3600.0  # seconds: as long as the conversation that it belongs to

Taker = Callable[[Store, int, Kept, Order], Awaitable[None]]
"""Does an order of one kind, found in a shard. Doing it again must change nothing."""

_ASIDE = "unreadable"  # the queue of what no key opens, or no release can do

SET_ASIDE = (_ASIDE, "callback", "rate")
"""Queues that orders lie in as they are: earlier releases moved requests and ratings there."""

_log = structlog.get_logger("gateway.messaging")


class Relay:
    """Takes orders off their streams. Any number of workers may do so.

    `takers` by the kind of order, for those that are none of messaging's own.
    """

    def __init__(self, library: Library, metrics: Metrics, takers: Mapping[str, Taker]) -> None:
        self._library = library
        self._metrics = metrics
        self._takers = takers
        self._looked: set[int] = set()  # shards where nothing is left of an earlier release

    async def run(self, store: Store, shard: int) -> int:
        """Does what stands in a shard's stream; how many orders. Raises StoreUnavailable."""
        if shard not in self._looked:
            # One that could not do them yet has put them aside.
            for kind in self._takers:
                await store.effects.restore(shard, kind)
            self._looked.add(shard)
        taken = await store.effects.take(shard, MOST, lease=LEASE)
        for kept in taken:
            try:
                await self._do(store, shard, kept)
            except StoreUnavailable:
                raise
            except Exception as error:
                # One that nobody can do must not stand in the way of the others.
                _log.error("order-failed", shard=shard, **failure(error))
                await store.effects.move(shard, kept, _ASIDE)
        return len(taken)

    async def _do(self, store: Store, shard: int, kept: Kept) -> None:
        order = None if kept.payload is None else orders.decode(kept.payload)
        if order is None:
            _log.error("order-sealed", shard=shard)
            await store.effects.move(shard, kept, _ASIDE)
            return
        if order.kind == "sms" and order.phone is not None:
            await self._send(store, shard, kept, order, order.phone)
            await store.effects.done(shard, kept)
        elif order.kind == "follow" and order.phone is not None:
            await _follow(store, order, order.phone)
            await store.effects.done(shard, kept)
        elif order.kind in self._takers:
            await self._takers[order.kind](store, shard, kept, order)
            await store.effects.done(shard, kept)
        else:
            # A newer release ordered it.
            await store.effects.move(shard, kept, order.kind)
        self._metrics.orders.labels(order.kind).inc()

    async def _send(self, store: Store, shard: int, kept: Kept, order: Order, phone: str) -> None:
        """To the outbox, with what its template says. A reply to a text passes a stop word: she
        has just asked."""
        site = self._library.current.site
        names, body = store.names, order.body
        text, encoding = str(body["text"]), Encoding(body["encoding"])
        message = self._message(order)
        reply = bool(body.get("reply"))
        citizen = names.citizen(phone)
        sender = str(body.get("sender") or site.sms.sender or "")
        valid = REPLY_VALID if message is None else message.valid_for.total_seconds()
        draft = Draft(
            id=names.message_id(shard, "effect", kept.key),
            citizen=citizen,
            lane=Lane.ANSWERS,
            body=letter.encode(Letter(phone, sender, text, encoding, order.language)),
            segments=len(segment(text, encoding).parts),
            sender=sender,
            until=round((order.at + valid) * 1000),
            agency=self._agency(order),
            template=f"{order.service}/{body['message']}" if message is not None else "",
            version=order.program,
            hold=message is None or not message.resend_if_unsure,
            essential=reply or (message is not None and message.essential and site.sms.essential),
            any_hour=True,
            alike=names.digest("alike", citizen.digest, text),
        )
        await store.outbox.accept(draft, brake=0 if reply else site.sms.brake, durable=False)

    def _message(self, order: Order) -> Message | None:
        """As it was when it was ordered, or else as it is now."""
        program = self._library.get(order.program) or self._library.current
        service = program.services.get(order.service)
        return None if service is None else service.messages.get(str(order.body["message"]))

    def _agency(self, order: Order) -> str:
        service = self._library.current.services.get(order.service)
        return "" if service is None else service.agency


async def _follow(store: Store, order: Order, phone: str) -> None:
    payload = following.encode(Following(phone, order.language, order.service))
    await store.followers.follow(
        store.names.citizen(phone),
        str(order.body["agency"]),
        str(order.body["reference"]),
        payload,
    )
