"""The GSM 7 bit default alphabet: 3GPP TS 23.038 §6.2.1, extension table §6.2.1.1.

Lengths are in septets (the default alphabet) or 16-bit units (UCS-2). The tables are exact:
`Ç` is in the alphabet and `ç` is not; ESC is a prefix, never a character; the backtick is the
only printable ASCII character that GSM-7 lacks.
"""

from __future__ import annotations

import re

from gateway.events import Encoding

# In the order of the septets' values. 0x1B is ESC, the way into the extension table, and stands
# here as itself so that positions stay true. It is taken out of the alphabet below.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"

BASIC = frozenset(_BASIC) - {"\x1b"}
EXTENSION = frozenset(_EXTENSION)
ALPHABET = BASIC | EXTENSION


def _character_class(characters: frozenset[str]) -> str:
    return "".join(map(re.escape, sorted(characters)))


_FOREIGN = re.compile(f"[^{_character_class(ALPHABET)}]")
_TWO_SEPTETS = re.compile(f"[{_character_class(EXTENSION)}]")


def encodable(text: str) -> bool:
    """Whether every character of `text` is in the alphabet or its extension."""
    return _FOREIGN.search(text) is None


def septets(text: str) -> int:
    """The length of `text` in septets; a character of the extension table takes two.

    Raises ValueError where `text` is not encodable, without repeating the text.
    """
    if _FOREIGN.search(text) is not None:
        raise ValueError("the text holds characters that GSM-7 lacks")
    return len(text) + len(_TWO_SEPTETS.findall(text))


def units(text: str, encoding: Encoding) -> int:
    """The length of `text` in what `encoding` counts: septets, or UTF-16 code units.

    Raises ValueError where `encoding` is GSM-7 and `text` is not encodable.
    """
    if encoding is Encoding.GSM7:
        return septets(text)
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)
