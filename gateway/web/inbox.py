"""The text messages that a demo's phone received: read from the effects of its shard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.menu.program import Site
from gateway.messaging.orders import Order, decode
from gateway.store import Store
from gateway.text.segments import segment

_MOST = 6  # messages on the page, as in page.js
_AT_ONCE = 500  # entries read at a time


@dataclass(frozen=True, slots=True)
class Message:
    """`units` are septets or 16-bit units of the whole text; `at` is in milliseconds."""

    id: str
    sender: str
    text: str
    encoding: str
    units: int
    parts: int
    at: int

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "sender": self.sender,
            "text": self.text,
            "encoding": self.encoding,
            "units": self.units,
            "parts": self.parts,
            "at": self.at,
        }


async def received(store: Store, site: Site, phone: str) -> list[Message]:
    """The latest messages to `phone`, oldest first. Raises StoreUnavailable."""
    shard = store.names.citizen(phone).shard
    found: list[Message] = []
    after = "0"
    while entries := await store.effects.read(shard, after=after, count=_AT_ONCE):
        after = entries[-1].id
        for entry in entries:
            if entry.payload is None:
                continue
            try:
                order = decode(entry.payload)
            except msgspec.DecodeError:
                continue
            if order.kind == "sms" and order.phone == phone:
                found.append(_message(entry.id, order, site))
    return found[-_MOST:]


def _message(entry: str, order: Order, site: Site) -> Message:
    text = str(order.body.get("text", ""))
    cut = segment(text)
    return Message(
        id=entry,
        sender=site.sms.sender or "",
        text=text,
        encoding=cut.encoding.value,
        units=cut.units,
        parts=len(cut.parts),
        at=int(entry.partition("-")[0]),
    )
