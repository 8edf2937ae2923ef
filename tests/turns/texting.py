"""A phone that sends text messages through a provider, and the replies that wait for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import httpx2

from gateway.app import Gateway
from gateway.messaging import orders
from tests.turns.serving import NUMBER, TOKEN


@dataclass
class Texter:
    """`bring` is the provider's: the same message again, as often as it likes."""

    http: httpx2.AsyncClient
    base: str
    app: Gateway
    number: str = NUMBER
    ids: count[int] = field(default_factory=lambda: count(1))
    last: dict[str, str] = field(default_factory=dict)

    async def text(self, text: str, sender: str | None = None) -> str | None:
        """Sends a message; what it was answered, None for nothing."""
        before = len(await self.replies())
        self.last = {
            "from": sender or self.number,
            "to": "8585",
            "text": text,
            "id": f"m-{next(self.ids)}",
        }
        assert await self.bring() == 200
        after = await self.replies()
        assert len(after) - before in (0, 1)
        return str(after[-1].body["text"]) if len(after) > before else None

    async def bring(self, **other: str) -> int:
        self.last |= other
        address = f"{self.base}/callbacks/africastalking/{TOKEN}/sms"
        return (await self.http.post(address, data=self.last)).status_code

    async def ordered(self) -> list[orders.Order]:
        """What waits for her in her shard's stream, oldest first."""
        store = self.app.store
        assert store is not None
        shard = store.names.citizen(self.number).shard
        kept = await store.effects.read(shard, count=1000)
        found = [orders.decode(one.payload) for one in kept if one.payload is not None]
        return [order for order in found if order.phone == self.number]

    async def replies(self) -> list[orders.Order]:
        return [order for order in await self.ordered() if order.body.get("reply")]


def received(app: Gateway, result: str) -> float:
    """How many of Africa's Talking's messages came to that."""
    return float(app.metrics.messages.labels("africastalking", result)._value.get())
