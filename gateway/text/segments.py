"""How a text is cut into the parts of a concatenated SMS: 3GPP TS 23.040 §9.2.3.24.1.

One message carries 140 octets: 160 septets or 70 UCS-2 units. A longer text gives six octets of
every part to the concatenation header (8-bit reference), which leaves 153 septets or 67 units.
No part begins or ends inside an escape pair, a surrogate pair or what a reader takes for one
character: aggregators cut for themselves, and this is the worst of the ways they do it, so that
an estimate never falls short of the bill.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from gateway.events import Encoding
from gateway.text.gsm7 import encodable, units

_SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}

_JOINER = "\u200d"
_EXTENDING = frozenset({"Mn", "Me", "Mc"})


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A text as it will be sent. `units` counts septets or UTF-16 units of the whole text.

    The parts joined are the text; an empty text has none.
    """

    encoding: Encoding
    units: int
    parts: tuple[str, ...]


def segment(text: str, encoding: Encoding | None = None) -> Segmentation:
    """Cut `text` into parts; without `encoding`, GSM-7 if it can hold the text, else UCS-2.

    The text is taken as it is: fitting it to an encoding is `transliteration.fit`'s business.
    Raises ValueError where `encoding` is GSM-7 and the text is not encodable.
    """
    if encoding is None:
        encoding = Encoding.GSM7 if encodable(text) else Encoding.UCS2
    total = units(text, encoding)
    if total <= _SINGLE[encoding]:
        return Segmentation(encoding, total, (text,) if text else ())
    return Segmentation(encoding, total, _parts(text, encoding))


def _parts(text: str, encoding: Encoding) -> tuple[str, ...]:
    room = _PART[encoding]
    parts: list[str] = []
    part: list[str] = []
    used = 0
    for piece in _pieces(text, encoding, room):
        size = units(piece, encoding)
        if used + size > room:
            parts.append("".join(part))
            part, used = [], 0
        part.append(piece)
        used += size
    parts.append("".join(part))
    return tuple(parts)


def _pieces(text: str, encoding: Encoding, room: int) -> list[str]:
    """What must not be cut. A heap of marks longer than a whole part gives way to code points."""
    pieces: list[str] = []
    for cluster in clusters(text):
        if units(cluster, encoding) > room:
            pieces.extend(cluster)
        else:
            pieces.append(cluster)
    return pieces


def clusters(text: str) -> list[str]:
    """`text` cut at what a reader takes for characters; joined, they are the text.

    The rules of UAX #29 that the scripts and symbols met here need: CR LF, combining marks,
    joined emoji with their variation selectors and skin tones, flags. Conjoining Hangul is left
    out (its syllables are single code points in NFC).
    """
    if text.isascii() and "\r" not in text:
        return list(text)
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _continues(cluster: str, character: str) -> bool:
    last = cluster[-1]
    if last == "\r":
        return character == "\n"
    if unicodedata.category(last) == "Cc":
        return False
    if character.isascii():
        return False
    if character in (_JOINER, "\u200c") or unicodedata.category(character) in _EXTENDING:
        return True
    if "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True  # skin tones, and the tags that spell a flag's region
    if last == _JOINER:
        return unicodedata.category(character) == "So"
    return _regional(character) and len(cluster) == 1 and _regional(cluster)


def _regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
