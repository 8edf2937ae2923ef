"""Which message a provider means by its own id, and receipts that come before that is known."""

from __future__ import annotations

from gateway.store.keys import Names
from gateway.store.library import ATTACH, TRACE
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes

MOST_EARLY = 8


class ProviderIds:
    """Providers' ids of messages. They share no slot with the messages, for a receipt tells
    neither the number nor our id."""

    def __init__(self, nodes: Nodes, names: Names, lifetimes: Lifetimes) -> None:
        self._nodes = nodes
        self._names = names
        self._life = round(lifetimes.provider_ids * 1000)
        self._early_life = round(lifetimes.early_receipts * 1000)

    async def attach(self, provider: str, provider_id: str, message_id: str) -> list[bytes]:
        """Remembers whose id it is. Gives the receipts that came before, as `trace` was given
        them, and again if it is called again. To be called before the attempt is settled: what
        was sent is then always found."""
        shard, *keys = self._names.provider_id(provider, provider_id)
        early: list[bytes] = await self._nodes.call(shard, ATTACH, keys, (message_id, self._life))
        return early

    async def trace(self, provider: str, provider_id: str, receipt: bytes) -> str | None:
        """The message of this id. None if nobody knows it: `receipt`, which must hold nothing
        of the citizen's, is kept for an hour, lest it came too early."""
        shard, *keys = self._names.provider_id(provider, provider_id)
        found = await self._nodes.call(shard, TRACE, keys, (receipt, self._early_life, MOST_EARLY))
        return found.decode() if found else None
