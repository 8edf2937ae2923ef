"""A screen cut into pages that fit what carries it. Pure arithmetic on texts.

A page is its part of the content, then the lines of the keys that work on it. What does not fit
is split between choices, else between words; a choice keeps its number wherever it stands.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from gateway.events import Encoding
from gateway.menu.keypad import Keys
from gateway.text.gsm7 import encodable, units
from gateway.text.language import Policy
from gateway.text.segments import clusters
from gateway.text.transliteration import fit

_LEAST_ROOM = 16  # units of content; the lines of home and back give way before it gets less
_REMEMBERED = 8192

_WORD_ENDS = re.compile(r"\s+|\Z")
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s|\n")


class Key(StrEnum):
    SKIP = "skip"
    MORE = "more"
    BACK = "back"
    HOME = "home"


class Page(msgspec.Struct, frozen=True):
    """`keys` are those whose number stands on it, and therefore works; `units` is its length.

    `asks`: she has seen what is asked, up to the first of its choices; before that, what she
    types can't be meant as an answer.
    """

    text: str
    keys: frozenset[Key]
    units: int
    asks: bool


class Sheet(NamedTuple):
    """A screen before it is cut: texts as written, not yet fitted to an encoding.

    `above` pages by itself, before the rest, where the whole does not fit one page. `words` and
    `numbers` are the keys'; those of `hidden` could be taken for an answer, so that their number
    is not shown: what she cannot do without then stands as a word (SUITE, PASSER).
    """

    above: str
    body: str
    options: tuple[str, ...]
    words: tuple[str, str, str, str]  # skip, more, back, home
    numbers: Keys
    hidden: frozenset[Key]
    skips: bool  # the question may be passed
    returns: bool  # there is a screen before this one
    leaves: bool  # home is offered
    closes: bool  # nothing can be typed once the last page is shown
    encoding: Encoding
    budget: int
    policy: Policy


def lay_out(sheet: Sheet) -> tuple[Page, ...]:
    """The pages of `sheet`, at least one, each within its budget (which is 40 units or more)."""
    above, body, options, words = _fitted(sheet)
    cutter = _Cutter(sheet, words)
    content = [piece for piece in (above, body, *options) if piece]
    if cutter.closed(content):
        return tuple(cutter.pages)
    cutter.asks = len(content) - len(options) + (1 if options else 0)
    if above:
        cutter.fill([above], last=False)
    cutter.fill([piece for piece in (body, *options) if piece], last=True)
    return tuple(cutter.pages)


remembered = lru_cache(_REMEMBERED)(lay_out)
"""`lay_out` for sheets that hold nobody's data, and come again and again."""


def _fitted(sheet: Sheet) -> tuple[str, str, tuple[str, ...], list[str]]:
    """All texts of the sheet fitted as one, since a tonal language keeps all its tones or none."""
    raw = (sheet.above, sheet.body, *sheet.options, *sheet.words)
    whole = "\n".join(raw)
    fitted = fit(whole, sheet.encoding, sheet.policy)
    if fitted == whole:
        pieces = list(raw)
    else:  # once clean, fitting neither adds nor removes a line
        clean = raw
        if fit(whole, Encoding.UCS2, sheet.policy) != whole:
            clean = tuple([fit(piece, Encoding.UCS2, sheet.policy) for piece in raw])
            fitted = fit("\n".join(clean), sheet.encoding, sheet.policy)
        lines = fitted.split("\n")
        pieces = []
        at = 0
        for piece in clean:
            count = piece.count("\n") + 1
            pieces.append("\n".join(lines[at : at + count]).strip())
            at += count
    return pieces[0], pieces[1], tuple(pieces[2:-4]), pieces[-4:]


_SKIP, _MORE, _BACK, _HOME = Key  # Python 3.11 is slow with members of an enum


class _Cutter:
    """Fills pages one after the other."""

    def __init__(self, sheet: Sheet, words: Sequence[str]) -> None:
        self.sheet = sheet
        self.pages: list[Page] = []
        self.asks = 0  # pieces that must have begun before she knows what is asked
        self.begun = 0
        self.parted = False  # the first piece that waits began on a page before
        numbers, hidden = sheet.numbers, sheet.hidden
        self.lines = {
            _SKIP: _line(numbers.skip, words[0], _SKIP in hidden),
            _MORE: _line(numbers.more, words[1], _MORE in hidden),
            _BACK: "" if _BACK in hidden else f"{numbers.back}. {words[2]}",
            _HOME: "" if _HOME in hidden else f"{numbers.home}. {words[3]}",
        }

    def fill(self, items: Sequence[str], *, last: bool) -> None:
        """Put `items` on pages; `last` means that nothing follows them."""
        waiting = deque(items)
        while waiting:
            if last and self.closed(waiting):
                return
            keys = self._keys(last=False)
            room = self._room(keys)
            while room < _LEAST_ROOM and len(keys) > 1 and keys[-1] is not _MORE:
                keys.pop()
                room = self._room(keys)
            taken = self._take(waiting, room)
            if last and not waiting:
                self._close_anyhow(taken)
                return
            self.pages.append(self._page(taken, keys, asks=self.begun >= self.asks))

    def closed(self, items: Sequence[str]) -> bool:
        """Whether `items` fitted one last page, which is then there."""
        page = self._page(items, self._keys(last=True), asks=True)
        if page.units > self.sheet.budget:
            return False
        self.pages.append(page)
        return True

    def _close_anyhow(self, items: Sequence[str]) -> None:
        """A last page whose content left no room for all keys: what fits of them."""
        keys = self._keys(last=True)
        page = self._page(items, keys, asks=True)
        while keys and page.units > self.sheet.budget:
            keys.pop()
            page = self._page(items, keys, asks=True)
        self.pages.append(page)

    def _take(self, waiting: deque[str], room: int) -> list[str]:
        taken: list[str] = []
        while waiting:
            size = self._units(waiting[0]) + (1 if taken else 0)
            if size <= room:
                taken.append(waiting.popleft())
                self._begin(parted=False)
                room -= size
                continue
            if not taken:
                piece, rest = cut(waiting[0], room, self.sheet.encoding)
                taken.append(piece)
                self._begin(parted=bool(rest))
                if rest:
                    waiting[0] = rest
                else:
                    waiting.popleft()
            break
        return taken

    def _begin(self, *, parted: bool) -> None:
        self.begun += not self.parted
        self.parted = parted

    def _keys(self, *, last: bool) -> list[Key]:
        """In the order of their lines; the last ones give way first."""
        sheet = self.sheet
        if last and sheet.closes:
            return []
        keys = [_SKIP] if sheet.skips else []
        if not last:
            keys.append(_MORE)
        if self.lines[_BACK] and (self.pages or sheet.returns):
            keys.append(_BACK)
        if self.lines[_HOME] and sheet.leaves:
            keys.append(_HOME)
        return keys

    def _shown(self, keys: Sequence[Key]) -> list[str]:
        return [self.lines[key] for key in keys]

    def _room(self, keys: Sequence[Key]) -> int:
        return self.sheet.budget - self._units("\n".join(self._shown(keys))) - 1

    def _page(self, items: Iterable[str], keys: Sequence[Key], *, asks: bool) -> Page:
        text = "\n".join([*items, *self._shown(keys)])
        working = frozenset(keys) - self.sheet.hidden
        return Page(text, working, self._units(text), asks)

    def _units(self, text: str) -> int:
        return units(text, self.sheet.encoding)


def _line(number: str, word: str, hidden: bool) -> str:
    if not hidden:
        return f"{number}. {word}"
    # GSM-7 has è and no È: a word keeps its small letters where its capitals are not to be had.
    capitals = word.upper()
    return capitals if encodable(capitals) or not encodable(word) else word


def cut(text: str, room: int, encoding: Encoding) -> tuple[str, str]:
    """The longest beginning of `text` of at most `room` units that ends with a word, and the rest.

    The end of a line or sentence in the second half of the room goes before a later space. A word
    longer than the room is cut between what a reader takes for characters; one of them always goes.
    """
    best: tuple[int, int] | None = None
    for found in _WORD_ENDS.finditer(text):
        if units(text[: found.start()], encoding) > room:
            break
        if found.start():
            best = found.span()
    if best is None:
        return _cut_word(text, room, encoding)
    end, after = best
    if after < len(text):
        for found in _SENTENCE_ENDS.finditer(text, 0, end):
            if units(text[: found.start()], encoding) * 2 >= room:
                end, after = found.span()
    return text[:end], text[after:]


def _cut_word(text: str, room: int, encoding: Encoding) -> tuple[str, str]:
    end = used = 0
    for cluster in clusters(text):
        size = units(cluster, encoding)
        if used + size > room:
            break
        used += size
        end += len(cluster)
    if end == 0:  # a heap of marks longer than a page gives way to its code points
        end = max(1, min(len(text), room // 2))
    return text[:end], text[end:].lstrip()


@lru_cache(_REMEMBERED)
def numbering(count: int, keys: Keys) -> tuple[str, ...]:
    """The numbers of `count` choices, from 1; those that are a key are left out."""
    taken = {keys.back, keys.home, keys.more, keys.skip}
    numbers: list[str] = []
    number = 0
    while len(numbers) < count:
        number += 1
        if str(number) not in taken:
            numbers.append(str(number))
    return tuple(numbers)
