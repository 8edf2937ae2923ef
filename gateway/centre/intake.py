"""What citizens' steps ordered for the service centre, as it comes out of their shard's stream.

Every order is done under its effect's key, so doing it again changes nothing.
"""

from __future__ import annotations

import re

from gateway.centre import callbacks
from gateway.centre.callbacks import Body, Note
from gateway.menu.library import Library
from gateway.menu.program import Program, Scope, Step, Text
from gateway.messaging.orders import Order
from gateway.providers.simulated import RESERVED
from gateway.store import Asked, Kept, Rating, Store

_COMMENT = ":comment"  # behind the step of an order that brings one
_ORDERS = 20  # of one citizen's that a request remembers
_LONGEST = 400  # characters of a detail
_SPACE = re.compile(r"\s+")


class Intake:
    """Takes orders of the kinds `callback` and `rate`, for the worker's relay."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def callback(self, store: Store, shard: int, kept: Kept, order: Order) -> None:
        """Puts a request into its queue. Where she has an open one in this queue already, that
        one takes over the new details and stays in its place."""
        if order.phone is None:
            return
        program = self._program(order)
        queue = str(order.body["queue"])
        service = program.services.get(order.service)
        body = Body(order.phone, self._details(program, order), orders=[kept.key])
        asked = Asked(
            id=store.names.message_id(shard, "callback", kept.key),
            citizen=store.names.citizen(order.phone),
            queue=queue,
            agency="" if service is None else service.agency,
            service=order.service,
            language=order.language,
            at=order.at,
            due=order.at + self._promise(program, queue),
            test=order.phone.startswith(RESERVED),
            body=callbacks.sealed(body),
        )
        while True:
            _, known = await store.callbacks.put(asked)
            if known == asked.id or await _joined(store, known, body, order.at):
                return

    async def rating(self, store: Store, shard: int, kept: Kept, order: Order) -> None:
        """Keeps a rating, or the comment that follows one under the same id."""
        step = order.step.removesuffix(_COMMENT)
        program = self._program(order)
        service = program.services.get(order.service)
        said = order.body
        rating = Rating(
            id=store.names.message_id(shard, "rate", order.conversation, step, str(order.attempt)),
            agency="" if service is None else service.agency,
            service=order.service,
            step=_asked_there(program, program.steps.get(step)),
            score=int(said["score"]),
            language=str(said["language"]),
            channel=str(said["channel"]),
            operator=str(said["operator"]),
            at=order.at * 1000,
            comment=str(said.get("comment", "")),
        )
        await store.feedback.put(rating)

    def _program(self, order: Order) -> Program:
        """The menus as they were when it was ordered, or else as they are now."""
        return self._library.get(order.program) or self._library.current

    def _promise(self, program: Program, queue: str) -> int:
        """Seconds. A queue that has left the site meanwhile promised something all the same."""
        for menus in (program, self._library.current):
            if queue in menus.site.callbacks:
                return int(menus.site.callbacks[queue].promise.total_seconds())
        return 0

    def _details(self, program: Program, order: Order) -> list[tuple[str, str]]:
        """In the menu's own words, in the source language: `etat_civil` is « Actes d'état civil »
        to whoever calls."""
        service = program.services.get(order.service)
        labels = {} if service is None else service.labels
        details = []
        for name, value in dict(order.body.get("details", {})).items():
            text = labels.get(name, {}).get(str(value))
            words = str(value) if text is None else _plain(program, text)
            details.append((str(name), _SPACE.sub(" ", words).strip()[:_LONGEST]))
        return details


async def _joined(store: Store, callback_id: str, new: Body, at: int) -> bool:
    """Whether an open request holds what she asks for now. False where it ended meanwhile."""
    while True:
        record = await store.callbacks.read(callback_id)
        if record is None or record.state not in callbacks.OPEN:
            return False
        body = callbacks.opened(record)
        if new.orders[0] in body.orders:
            return True
        merged = Body(
            phone=new.phone,
            details=new.details,
            notes=[*body.notes, Note("", at, "asked-again")],
            orders=[*body.orders, *new.orders][-_ORDERS:],
        )
        if await callbacks.amend(store, record, merged):
            return True


def _asked_there(program: Program, step: Step | None) -> str:
    """What was asked at a step, for people; "" for one that is in no version at hand."""
    text = getattr(step, "text", None)
    return _plain(program, text) if isinstance(text, Text) else ""


def _plain(program: Program, text: Text) -> str:
    """A text in the source language, as far as it says something without variables."""
    source = program.site.languages[program.site.source]
    return text.render(source.code, Scope({}, source), gsm=False).strip()
