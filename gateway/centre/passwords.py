"""Passwords of staff: what may be one, and how it is kept (Argon2id, RFC 9106).

Rules by NIST SP 800-63B-4 §3.1.1.2: long enough, not one that everybody tries; nothing about kinds
of characters. Hashing takes a tenth of a second and its memory, so it is done beside the event
loop, a few at a time.
"""

from __future__ import annotations

import asyncio
import re
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

LEAST, MOST = 12, 128  # characters

_AT_ONCE = 2
_COMMON = re.compile(
    r"(motdepasse|password|passw0rd|azerty(uiop)?|qwerty(uiop)?|qwertz|bienvenue|welcome|admin"
    r"(istrateur|istrator)?|bonjour|letmein|iloveyou|jetaime|soleil|doudou|cotonou|portonovo|benin"
    r"|gateway|guichet|desk|abc|test|demo|secret)+"
)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another one

# RFC 9106 §4, the second recommended option, with the lanes of a small machine.
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
_nobody = _hasher.hash(secrets.token_hex(16))
_turns = asyncio.Semaphore(_AT_ONCE)


def fault(password: str, name: str) -> str | None:
    """Why it cannot be one, as a stable code: too-short, too-long, too-common; None if it can."""
    if len(password) < LEAST:
        return "too-short"
    if len(password) > MOST:
        return "too-long"
    plain, own = (re.sub(r"[\W\d_]", "", words.lower()) for words in (password, name))
    if len(set(password)) < 5 or not plain.replace(own, ""):
        return "too-common"
    return "too-common" if _COMMON.fullmatch(plain) else None


def generated() -> str:
    """Four groups of four characters: 78 bits, and easy to read out."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


async def hashed(password: str) -> str:
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def matches(password: str, known: str | None) -> bool:
    """None as `known` takes as long as a wrong password, so that nobody learns which names there
    are."""
    async with _turns:
        return await asyncio.to_thread(_verify, password[: MOST + 1], known)


def _verify(password: str, known: str | None) -> bool:
    try:
        return _hasher.verify(known or _nobody, password) and known is not None
    except (Argon2Error, InvalidHashError):
        return False


def outdated(known: str) -> bool:
    """Whether it was hashed by other parameters than today's."""
    return _hasher.check_needs_rehash(known)
