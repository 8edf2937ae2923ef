"""What a message's sealed body holds."""

from __future__ import annotations

import msgspec

from gateway.errors import SealBroken
from gateway.events import Encoding


class Letter(msgspec.Struct, array_like=True, frozen=True):
    """Number and text as they will be sent. A new field goes to the end, with a default."""

    to: str  # canonical E.164
    sender: str
    text: str
    encoding: Encoding
    language: str
    reference: str = ""  # the agency's own

    def __repr__(self) -> str:
        return "Letter()"  # nothing of hers gets into a log


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Letter)


def encode(letter: Letter) -> bytes:
    return _encoder.encode(letter)


def decode(body: bytes) -> Letter:
    """Raises SealBroken for what another release wrote."""
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise SealBroken("a message of another format") from error
