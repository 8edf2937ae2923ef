"""How a text is made to fit what carries it, without a `?` and without losing a letter.

Always: NFC, one kind of line break (LF), tabs as spaces, no other control characters.

UCS-2 needs no more. For GSM-7, in this order:

1. Typography becomes plain: `’` → `'`, `« mot »` → `"mot"`, `…` → `...`, `–` → `-`, every
   no-break or odd space → one space.
2. A text that GSM-7 now holds stays as it is, whatever the policy.
3. Else the policy decides on each letter. KEEP: what GSM-7 has stays (é è à ù ì ò ä ö ü ñ Ç É),
   the rest loses its marks (ê → e, ç → c). FLAT: all marks go, à and é too, because half the
   tones of a word mislead more than none. The decision is taken for the whole text that is given:
   it keeps all of its tones or none, so give a whole page or message, not pieces of it.
4. Letters that are more than a marked Latin letter have a reading (ɖ → d, ɔ → o, ŋ → ng, œ → oe),
   other scripts go by anyascii; a letter that nobody has a reading for becomes `_`.
5. Emoji and other symbols without a reading are left out, with the space that followed them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

from gateway.events import Encoding
from gateway.text.gsm7 import ALPHABET
from gateway.text.language import Policy

_READINGS = {
    # Apostrophes and quotes. The commonest culprit in French is not an accent, it is ’.
    **dict.fromkeys("’‘‛ʼʻʹʾʿˈˊˋ′‵´`ꞌꞋ", "'"),
    "‚": ",",
    **dict.fromkeys("“”„‟«»″‶", '"'),
    **dict.fromkeys("‹›", "'"),
    **dict.fromkeys("‐‑‒–—―−⁃•‣◦·∙", "-"),
    "…": "...",
    "⁄": "/",
    "∕": "/",
    "×": "x",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≠": "<>",
    # n° is how French writes "number".
    "°": "o",
    "¨": '"',
    # Latin letters that are not a letter with a mark.
    "œ": "oe",
    "Œ": "Oe",
    "ɖ": "d",
    "Ɖ": "D",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "ɛ": "e",
    "Ɛ": "E",
    "ǝ": "e",
    "Ǝ": "E",
    "ə": "e",
    "Ə": "E",
    "ɔ": "o",
    "Ɔ": "O",
    "ɩ": "i",
    "Ɩ": "I",
    "ɪ": "i",
    "ʊ": "u",
    "Ʊ": "U",
    "ŋ": "ng",
    "Ŋ": "Ng",
    "ɲ": "ny",
    "Ɲ": "Ny",
    "ɣ": "gh",
    "Ɣ": "Gh",
    "ʒ": "zh",
    "Ʒ": "Zh",
    "ʃ": "sh",
    "Ʃ": "Sh",
    "ƒ": "f",
    "Ƒ": "F",
    "ʋ": "v",
    "Ʋ": "V",
    "ɓ": "b",
    "Ɓ": "B",
    "ɗ": "d",
    "Ɗ": "D",
    "ƙ": "k",
    "Ƙ": "K",
    "ƴ": "y",
    "Ƴ": "Y",
    "ɠ": "g",
    "Ɠ": "G",
    "ƭ": "t",
    "Ƭ": "T",
    "ƥ": "p",
    "Ƥ": "P",
    "ا": "a",  # anyascii leaves alif out
}
_INVISIBLE = frozenset("\xad\u0640\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff")
_NO_READING = "_"
_REMEMBERED = 4096  # characters; an alphabet has some hundred
_LEFT_OUT = "\0"  # stands for a symbol until its space is gone too; no text holds it by then

_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_TO_CLEAN = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROLS = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_PLAIN = ALPHABET - {"\r", "\f"}
_FOREIGN = re.compile("[^" + "".join(map(re.escape, sorted(_PLAIN))) + "]")
_MARKABLE = re.compile("[^\n -_a-~]")
_DIGRAPHS = re.compile(
    "["
    + "".join(letter for letter, reading in _READINGS.items() if letter.isupper() and reading[1:])
    + "]"
)
_GUILLEMETS = re.compile("«[ \xa0\u2009\u202f]?|[ \xa0\u2009\u202f]?»")  # with French's inner space
_GAPS = re.compile("(?:(?<=[ \n])|^)(?:\0+ )+| \0+(?=\n|$)|\0+")


def fit(text: str, encoding: Encoding, policy: Policy) -> str:
    """`text` as `encoding` can carry it. Fitting what fits changes nothing.

    For GSM-7 every character of the result is in the alphabet or its extension table; CR and
    form feed, which handsets take for an overprint and a page break, are line breaks. Of a text
    that went through UCS-2 fitting first, no line is added or lost.
    """
    if encoding is Encoding.UCS2:
        return _clean(text)
    if _FOREIGN.search(text) is None:
        return text
    plain = _FOREIGN.sub(_plainly, _GUILLEMETS.sub('"', _clean(text)))
    if _FOREIGN.search(plain) is None:
        return plain
    if _DIGRAPHS.search(plain) is not None:
        plain = _DIGRAPHS.sub(_capitals, plain)
    fitted = (_FOREIGN if policy is Policy.KEEP else _MARKABLE).sub(_bare, plain)
    return _GAPS.sub("", fitted) if _LEFT_OUT in fitted else fitted


def _clean(text: str) -> str:
    """What every encoding needs. Controls go first: between a letter and its mark they hide NFC."""
    if _TO_CLEAN.search(text) is not None:
        text = _BREAKS.sub("\n", text).replace("\t", " ")
        text = _CONTROLS.sub("", text)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _capitals(match: re.Match[str]) -> str:
    """`ŒUVRE` reads OEUVRE, `Œuvre` reads Oeuvre."""
    text, at = match.string, match.start()
    after, before = text[at + 1 : at + 2], text[max(at - 1, 0) : at]
    reading = _READINGS[match[0]]
    shouts = after.isupper() or (before.isupper() and not after.islower())
    return reading.upper() if shouts else reading


@lru_cache(_REMEMBERED)
def _plain_reading(character: str) -> str:
    """Typography, spaces and what has no width; letters stay for the policy to decide on."""
    if unicodedata.category(character) == "Zs":
        return " "
    if character in _INVISIBLE:
        return ""
    return _READINGS.get(character, character) if _is_typographic(character) else character


def _is_typographic(character: str) -> bool:
    return not character.isalpha() or unicodedata.category(character) == "Lm"


def _plainly(match: re.Match[str]) -> str:
    return _plain_reading(match[0])


def _bare(match: re.Match[str]) -> str:
    return _reading(match[0])


@lru_cache(_REMEMBERED)
def _reading(character: str) -> str:
    """The reading of a character that GSM-7 lacks, or that must lose its mark."""
    if character in _READINGS:
        return _READINGS[character]
    if unicodedata.combining(character):
        return ""
    base = "".join(
        _READINGS.get(part, part)
        for part in unicodedata.normalize("NFKD", character)
        if not unicodedata.combining(part)
    )
    if base and all(part in _PLAIN for part in base):
        return base
    return _foreign_reading(character)


def _foreign_reading(character: str) -> str:
    """The last resort. anyascii writes some consonants as `?` or a backtick, and emoji by name."""
    kind = unicodedata.category(character)
    reading = anyascii(character).replace("`", "'")
    if kind[0] in "LN":
        reading = reading.replace("?", "'")
        return reading if reading.strip() else _NO_READING
    if kind in ("Cf", "Mn", "Me"):
        return ""
    if not reading or (reading[0] == ":" and reading[-1] == ":" and len(reading) > 1):
        return "" if kind == "Mc" else _LEFT_OUT
    return reading
