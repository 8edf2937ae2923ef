"""What the store keeps of a conversation: the engine's session, and how far USSD was heard."""

from __future__ import annotations

import msgspec

from gateway.channels.ussd import Heard
from gateway.errors import SessionUnreadable


class Envelope(msgspec.Struct, array_like=True, frozen=True):
    """One citizen's conversation as one provider session left it; what comes by SMS leaves how
    far that was heard as it is.

    Neither the provider's session id nor what she typed is in here: the transcript repeats
    every answer, secrets too, so only its length and a keyed hash are kept. The last answer is
    the engine session's own `last`.
    """

    provider_session: bytes  # keyed hash of the provider's name and its session id
    length: int  # characters of the transcript heard so far
    digest: bytes  # keyed hash of those, with the provider session's
    session: bytes  # the engine's own encoding
    echo: bytes = b""  # keyed hash of the last text message and what it was answered
    echoes: int = 0  # how often running

    @property
    def heard(self) -> Heard:
        return Heard(self.length, self.digest)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)
_secrets = msgspec.msgpack.Decoder(dict[str, str])


def encode(envelope: Envelope) -> bytes:
    return _encoder.encode(envelope)


def decode(body: bytes) -> Envelope:
    """Raises SessionUnreadable for what another release wrote."""
    try:
        return _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise SessionUnreadable("a conversation of another format") from error


def encode_secrets(secrets: dict[str, str]) -> bytes | None:
    return _encoder.encode(secrets) if secrets else None


def decode_secrets(body: bytes | None) -> dict[str, str]:
    """The pins given so far, by variable; none where they cannot be read: asked again, then."""
    try:
        return {} if body is None else _secrets.decode(body)
    except msgspec.DecodeError:
        return {}
