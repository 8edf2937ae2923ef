"""What providers tell of messages: how they fared, and who wants none any more."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import StoreUnavailable
from gateway.events import MessageState, OptedOut, Receipt
from gateway.metrics import Metrics
from gateway.store import Store


class Receipts:
    """Takes delivery reports. They may come twice, late, before the provider's answer to the
    sending, or for messages that nobody knows. `store` is None until it is opened."""

    def __init__(self, metrics: Metrics) -> None:
        self.store: Store | None = None
        self._metrics = metrics

    async def take(self, receipts: Sequence[Receipt]) -> None:
        """Raises StoreUnavailable: they can all be brought again."""
        store = _open(self.store)
        for receipt in receipts:
            self._metrics.receipts.labels(receipt.provider, _label(receipt)).inc()
            if receipt.state is None:
                continue
            message = await store.provider_ids.trace(
                receipt.provider, receipt.provider_id, _packed(receipt.state, receipt.reason)
            )
            if message is not None:
                await store.outbox.report(message, receipt.state, receipt.reason)


async def attach(store: Store, provider: str, provider_id: str, message_id: str) -> None:
    """Ties a provider's id to its message, and does what receipts said before that was known."""
    for early in await store.provider_ids.attach(provider, provider_id, message_id):
        state, _, reason = early.decode().partition(" ")
        await store.outbox.report(message_id, MessageState(state), reason)


class OptOuts:
    """Takes a provider's word that citizens want no messages from a sender."""

    def __init__(self, metrics: Metrics) -> None:
        self.store: Store | None = None
        self._metrics = metrics

    async def take(self, opted_out: Sequence[OptedOut]) -> None:
        """Raises StoreUnavailable: they can all be brought again."""
        store = _open(self.store)
        for one in opted_out:
            await store.optouts.stop(store.names.citizen(one.phone), one.sender)
            self._metrics.opt_outs.labels(one.provider).inc()


def _open(store: Store | None) -> Store:
    if store is None:
        raise StoreUnavailable("the store is not open yet")
    return store


def _packed(state: MessageState, reason: str) -> bytes:
    return f"{state.value} {reason}".encode()


def _label(receipt: Receipt) -> str:
    if not receipt.known:
        return "unknown"
    return "none" if receipt.state is None else receipt.state.value
