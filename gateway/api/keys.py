"""Agencies' keys: `gw_live_<id>_<secret>`. Only a hash of the secret is kept.

The secret has 256 bits of chance, so nobody can try out what it might be, and a plain SHA-256
(FIPS 180-4) is right: a slow hash makes up for passwords that people choose, at every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from base64 import b32encode
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from gateway.messaging.acceptance import KeyKind
from gateway.store import Store

DAY = 86_400

_TOKEN = re.compile(r"gw_(live|team|test)_([a-z2-7]{13})_([A-Za-z0-9_-]{43})")
_NOBODY = hashlib.sha256(b"").hexdigest()


class Right(StrEnum):
    SEND = "messages:send"
    READ = "messages:read"
    CASES = "cases:update"
    CALLBACKS = "callbacks"
    FEEDBACK = "feedback"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept. Times are in seconds since the epoch."""

    id: str
    agency: str
    kind: KeyKind
    secret: str  # SHA-256, hexadecimal
    rights: tuple[Right, ...]
    created: int
    expires: int
    label: str = ""
    revoked: int | None = None
    team: tuple[str, ...] = ()  # keyed hashes of numbers

    def holds(self, now: float) -> bool:
        return self.revoked is None and now < self.expires


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Key)


async def create(
    store: Store,
    agency: str,
    kind: KeyKind,
    *,
    label: str = "",
    rights: Sequence[Right] = tuple(Right),
    seconds: int = 365 * DAY,
    team: Sequence[str] = (),
) -> tuple[Key, str]:
    """A new key, and its token, which is never to be had again. `team` are canonical numbers."""
    key_id = b32encode(secrets.token_bytes(8)).decode().lower().rstrip("=")
    secret = secrets.token_urlsafe(32)
    now = int(time.time())
    key = Key(
        id=key_id,
        agency=agency,
        kind=kind,
        secret=_hashed(secret),
        rights=tuple(rights),
        created=now,
        expires=now + seconds,
        label=label,
        team=tuple(store.names.citizen(phone).digest for phone in team),
    )
    await store.agency_keys.put(key_id, _encoder.encode(key))
    return key, f"gw_{kind.value}_{key_id}_{secret}"


async def find(store: Store, token: str) -> Key | None:
    """The key of this token; None for one that never was, was revoked, or has expired."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    kind, key_id, secret = parts.groups()
    found = await store.agency_keys.get(key_id)
    key = None if found is None else _decoder.decode(found)
    same = hmac.compare_digest(_hashed(secret), _NOBODY if key is None else key.secret)
    if key is None or not same or key.kind != kind or not key.holds(time.time()):
        return None
    return key


async def every(store: Store) -> list[Key]:
    """Oldest first."""
    found = (_decoder.decode(record) for record in (await store.agency_keys.all()).values())
    return sorted(found, key=lambda key: (key.created, key.id))


async def revoke(store: Store, key_id: str) -> Key | None:
    """From the next request on it opens nothing. None if there is no such key."""
    found = await store.agency_keys.get(key_id)
    if found is None:
        return None
    key = msgspec.structs.replace(_decoder.decode(found), revoked=int(time.time()))
    await store.agency_keys.put(key_id, _encoder.encode(key))
    return key


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
