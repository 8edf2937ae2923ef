"""The text messages of a demo's phones: what they sent, what reached them, and how it fared."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from gateway.events import Encoding, OutgoingSms
from gateway.store import Record, Store
from gateway.text.segments import segment


class Held(msgspec.Struct, array_like=True, frozen=True):
    """One message on a phone, as it lies sealed in the store. A new field goes to the end, with a
    default."""

    id: str  # the gateway's own, or the one that the phone gave it
    sender: str  # "" for what was written on this phone
    text: str
    encoding: Encoding
    at: int  # milliseconds since the epoch

    def __repr__(self) -> str:
        return "Held()"  # nothing of hers gets into a log


_decoder = msgspec.msgpack.Decoder(Held)


def arrived(sms: OutgoingSms) -> Held:
    return Held(sms.id, sms.sender, sms.text, sms.encoding, _now())


def written(message_id: str, text: str) -> Held:
    """What somebody sends from a phone, at this moment."""
    return Held(message_id, "", text, segment(text).encoding, _now())


async def put(store: Store, phone: str, held: Held) -> None:
    """Raises StoreUnavailable."""
    await store.inbox.put(store.names.citizen(phone), msgspec.msgpack.encode(held))


async def thread(store: Store, phone: str) -> list[dict[str, Any]]:
    """The latest messages of `phone`, oldest first: `units` are septets or 16-bit units of the
    whole text, `at` is in milliseconds; `state` and `history` are those of the outbox, for what
    came from there. Raises StoreUnavailable."""
    found = {}
    for kept in await store.inbox.read(store.names.citizen(phone)):
        try:
            held = _decoder.decode(kept.payload)
        except msgspec.DecodeError:
            continue  # another release wrote it
        found[held.id] = held
    messages = sorted(found.values(), key=lambda held: held.at)
    records = await asyncio.gather(*(_record(store, held) for held in messages))
    return [_shown(held, record) for held, record in zip(messages, records, strict=True)]


async def _record(store: Store, held: Held) -> Record | None:
    return await store.outbox.read(held.id) if held.sender else None


def _shown(held: Held, record: Record | None) -> dict[str, Any]:
    cut = segment(held.text, held.encoding)
    return {
        "id": held.id,
        "mine": not held.sender,
        "sender": held.sender,
        "text": held.text,
        "encoding": cut.encoding.value,
        "units": cut.units,
        "parts": len(cut.parts),
        "at": held.at,
        "state": None if record is None else record.state.value,
        "history": []
        if record is None
        else [
            {"state": entered.state.value, "at": entered.at * 1000, "reason": entered.reason}
            for entered in record.history
        ],
    }


def _now() -> int:
    return time.time_ns() // 1_000_000
