"""What Infobip's JSON bodies have in common, whatever they are about."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from gateway.errors import NumberError, RequestRefused
from gateway.text.msisdn import canonical

NAME = "infobip"

LONGEST_ID = 200  # characters of a message's id, by their interface
LONGEST_SENDER = 32

_LEAST_DIGITS = 7  # of a telephone number; what is shorter is a short code

_Payload = TypeVar("_Payload")


def payload(body: bytes, content_type: str, decoder: msgspec.json.Decoder[_Payload]) -> _Payload:
    """Refuses what is no JSON of theirs: 415 by its type, 400 by what is in it."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        raise RequestRefused("the body is not JSON", status=415)
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestRefused("the body is none of Infobip's") from None


def number(raw: str, country: str) -> str:
    """Canonical E.164: theirs are international, without the `+`. Raises NumberError."""
    digits = raw.strip()
    if digits.isascii() and digits.isdigit() and digits[0] != "0" and len(digits) >= 11:
        return canonical(f"+{digits}", country)
    return canonical(digits, country)


def sender(raw: str, country: str) -> str | None:
    """The number to answer, or None for a word (`MTN`) or a short code."""
    if sum(character.isdigit() for character in raw) < _LEAST_DIGITS:
        return None
    try:
        return number(raw, country)
    except NumberError:
        return None
