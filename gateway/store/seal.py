"""Sealing: what is kept in Redis is read by those who hold GATEWAY_SECRET_KEYS alone.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. A sealed value is

    key id (4 bytes, in clear) · nonce (12) · ciphertext · tag (16)

The newest key seals and all open, so a key is rotated by putting a new one in front and taking
the old one away once what it sealed has aged out. Random nonces are good for 2³² values a key
by NIST's bound (a chance of 2⁻³² of meeting twice); `docs/redis.md` says when to rotate.
"""

from __future__ import annotations

import binascii
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import SealBroken, SettingsError

KEY_ID = 4
NONCE = 12
OVERHEAD = KEY_ID + NONCE + 16  # bytes that sealing adds


class Seal:
    """Seals and opens under a list of keys, newest first."""

    __slots__ = ("_keys", "_newest", "_newest_id", "_opening")

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise SettingsError("GATEWAY_SECRET_KEYS: at least one key is needed")
        if any(len(key) != 32 for key in keys):
            raise SettingsError("GATEWAY_SECRET_KEYS: each key has 32 bytes")
        self._keys = tuple(keys)
        named = [(_key_id(key), AESGCM(_derive(key, b"gateway-seal"))) for key in keys]
        self._newest_id, self._newest = named[0]
        self._opening = dict(reversed(named))

    def seal(self, plain: bytes, aad: bytes) -> bytes:
        """`aad` is bound to the value: it opens only where the same is given again."""
        nonce = os.urandom(NONCE)
        return self._newest_id + nonce + self._newest.encrypt(nonce, plain, aad)

    def open(self, sealed: bytes, aad: bytes) -> bytes:
        """Raises SealBroken if the key is not held any more, or a bit was changed."""
        cipher = self._opening.get(sealed[:KEY_ID])
        if cipher is None:
            raise SealBroken("sealed under a key that GATEWAY_SECRET_KEYS does not hold")
        nonce = sealed[KEY_ID : KEY_ID + NONCE]
        try:
            return cipher.decrypt(nonce, sealed[KEY_ID + NONCE :], aad)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a sealed value was changed, or belongs elsewhere") from error

    def under(self, material: bytes) -> Seal:
        """A seal that needs `material` besides the keys. For a citizen's pins that is the
        provider's session id, which is stored nowhere: not even who holds the keys and a copy
        of Redis can open them."""
        return Seal([_derive(key, b"gateway-under", material) for key in self._keys])


def new_key() -> str:
    """A fresh key of 32 bytes as the environment and key files hold it (base64url)."""
    return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def read_key(written: str, setting: str) -> bytes:
    """Reads what `new_key` wrote, or 64 hexadecimal digits. An error names the setting and
    never repeats the key."""
    compact = written.strip()
    try:
        if len(compact) == 64:
            key = bytes.fromhex(compact)
        else:
            padded = compact.rstrip("=").replace("+", "-").replace("/", "_")
            key = urlsafe_b64decode(padded + "=" * (-len(padded) % 4))
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise SettingsError(
            f"{setting}: a key is 32 bytes in base64url or hexadecimal;"
            ' make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return key


def read_keys(written: str, setting: str) -> tuple[bytes, ...]:
    """Several keys, newest first, between commas or on lines of their own."""
    parts = [part for part in written.replace("\n", ",").split(",") if part.strip()]
    return tuple(read_key(part, setting) for part in parts)


def _derive(key: bytes, purpose: bytes, material: bytes = b"") -> bytes:
    return blake2b(material, key=key, digest_size=32, person=purpose).digest()


def _key_id(key: bytes) -> bytes:
    return blake2b(key=key, digest_size=KEY_ID, person=b"gateway-key-id").digest()
