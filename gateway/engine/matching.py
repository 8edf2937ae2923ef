"""How what she typed is compared with what she was shown: blind to accents, case and signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from gateway.events import Encoding
from gateway.text.language import Policy
from gateway.text.transliteration import fit

_LONGEST = 2000  # characters of one input that are looked at; one of USSD holds 182
_NUMBER = re.compile(r"""(?:[Nn][°ºo]\.? ?|\#)?[("«]? ?0*([0-9]{1,4}) ?[.,;:!?)"»]*""")
_SIGNS = re.compile(r"[^\w]+|_")
_BLANKS = re.compile(r"\s+")
_ENOUGH = 30  # records found; more are too many to page through


def clean(text: str) -> str:
    """An input as the rest of the engine may take it.

    NFC; decimal digits of every script as 0-9; blanks as one space, none at the ends. Control
    characters stay where they are not blank, so that an answer type can refuse them. What is
    longer than any answer may be is cut short, and is still too long.
    """
    if text.isascii() and len(text) <= _LONGEST:
        return " ".join(text.split())
    # Half a surrogate pair is no character: a session that holds one cannot be written.
    text = text[:_LONGEST].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = unicodedata.normalize("NFC", text)
    if not text.isascii():
        text = "".join(
            str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text
        )
    return _BLANKS.sub(" ", text).strip()


def fold(text: str) -> str:
    """Letters and digits alone, without case or marks; words are parted by one space."""
    if not text.isascii():
        plain = "".join(
            letter
            for letter in unicodedata.normalize("NFKD", text)
            if not unicodedata.combining(letter)
        )
        text = fit(plain, Encoding.GSM7, Policy.FLAT)
    return _SIGNS.sub(" ", text.casefold()).strip()


folded = lru_cache(4096)(fold)
"""`fold` for words of the menus, which come again and again."""


def numbered(text: str, numbers: Sequence[str]) -> int | None:
    """Which choice `text` is the number of: `1`, `01`, `1.`, `(1)`, `n°1`."""
    found = _NUMBER.fullmatch(text)
    if found is None or found[1] not in numbers:
        return None
    return numbers.index(found[1])


def named(words: str, labels: Sequence[str]) -> int | None:
    """Which one of `labels` is `words`; both are folded."""
    return labels.index(words) if words and labels.count(words) == 1 else None


def begun(words: str, labels: Sequence[str]) -> int | None:
    """Which one of `labels` begins with `words`, if no other does; both are folded."""
    begins = [place for place, label in enumerate(labels) if label.startswith(words + " ")]
    return begins[0] if words and len(begins) == 1 and words not in labels else None


def find(wanted: str, labels: Sequence[str]) -> list[int]:
    """The folded `labels` that hold the words of `wanted`, best first; at most 30.

    In front what begins with it, then what has words beginning with it, then what has it inside;
    only where there is none of these, what differs by a slip or two. Of equals, the shortest.
    """
    wanted = fold(wanted)
    if not wanted:
        return []
    words = wanted.split()
    ranks = [_rank(wanted, words, label) for label in labels]
    if all(rank is None for rank in ranks):
        ranks = [_slips(words, label) for label in labels]
    found = [
        (rank, len(labels[place]), place) for place, rank in enumerate(ranks) if rank is not None
    ]
    return [place for _, _, place in sorted(found)[:_ENOUGH]]


def _rank(wanted: str, words: Sequence[str], label: str) -> int | None:
    if label == wanted:
        return 0
    if label.startswith(wanted):
        return 1
    parts = label.split()
    if all(any(part.startswith(word) for part in parts) for word in words):
        return 2
    return 3 if len(wanted) > 1 and wanted in label else None


def _slips(words: Sequence[str], label: str) -> int | None:
    """How many letters are wrong, where every word is within its allowance of a word of `label`."""
    parts = label.split()
    total = 0
    for word in words:
        allowed = 0 if len(word) < 3 else 1 if len(word) < 6 else 2
        least = min((_distance(word, part) for part in parts), default=len(word))
        if least > allowed:
            return None
        total += least
    return total


def _distance(word: str, part: str) -> int:
    """Letters to change, add, drop or swap so that `part` begins with `word`."""
    before: list[int] = []
    row = list(range(len(part) + 1))
    for at, letter in enumerate(word, 1):
        older, before, row = before, row, [at]
        for place, other in enumerate(part, 1):
            best = min(before[place - 1] + (letter != other), before[place] + 1, row[-1] + 1)
            if at > 1 and place > 1 and letter == part[place - 2] and word[at - 2] == other:
                best = min(best, older[place - 2] + 1)
            row.append(best)
    return min(row)
