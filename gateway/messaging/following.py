"""Who follows a case, as it lies sealed with the case: where updates go, and in which words."""

from __future__ import annotations

import msgspec

from gateway.errors import SealBroken


class Following(msgspec.Struct, array_like=True, frozen=True):
    """One follower. A new field goes to the end, with a default."""

    phone: str  # canonical E.164
    language: str  # the one that she followed it in
    service: str  # where she did

    def __repr__(self) -> str:
        return "Following()"  # nothing of hers gets into a log


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Following)


def encode(following: Following) -> bytes:
    return _encoder.encode(following)


def decode(payload: bytes) -> Following:
    """Raises SealBroken for what another release wrote."""
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise SealBroken("a follower of another format") from error
