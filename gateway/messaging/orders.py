"""What a settled `sms`, `callback`, `follow` or `rate` leaves in its shard's stream."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.events import Effect


class Order(msgspec.Struct, array_like=True, frozen=True):
    """One effect with what its doer needs. It is sealed like the session it came with."""

    kind: str  # sms, callback, follow or rate
    conversation: str
    step: str
    attempt: int
    service: str
    body: dict[str, Any]
    phone: str | None  # canonical E.164 of the citizen; a `rate` is kept without it
    language: str
    program: str  # hash of the menus that ordered it
    at: int  # seconds since the epoch


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Order)


def encode(effect: Effect, *, phone: str, language: str, program: str, at: int) -> bytes:
    return _encoder.encode(
        Order(
            kind=effect.kind,
            conversation=effect.conversation,
            step=effect.step,
            attempt=effect.attempt,
            service=effect.service,
            body=dict(effect.body),
            phone=None if effect.kind == "rate" else phone,
            language=language,
            program=program,
            at=at,
        )
    )


def decode(payload: bytes) -> Order:
    """Raises msgspec.DecodeError for what is no order."""
    return _decoder.decode(payload)
