"""What a step puts before the citizen, on its way from the menu's texts to pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.engine.paging import Key, Page, Sheet, lay_out, numbering, remembered
from gateway.events import Encoding
from gateway.menu.program import Scope, Text
from gateway.text.language import Policy

if TYPE_CHECKING:
    from gateway.engine.run import Run

_FLAT: Final = Policy.FLAT  # looked up once: Python 3.11 is slow with members of an enum

_NOTHING: frozenset[Key] = frozenset()

NOT_HERS = frozenset({"wrong_unchecked", "no_answer"})
"""Sentences for when nobody could judge her answer: the author's own would blame it."""


class Screen(msgspec.Struct):
    """An open question, or a text. `picks` are what the verb made the `labels` stand for."""

    pages: tuple[Page, ...]
    numbers: Sequence[str]
    labels: Sequence[str]
    picks: Sequence[object]
    skips: bool
    returns: bool
    closes: bool
    static: bool  # nobody's data stands on it


class Drawing:
    """A screen in the making. It is static as long as no variable was written on it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.language = run.language
        self.gsm = run.bearer.encoding is Encoding.GSM7
        self.static = True
        self.policy: Policy | None = None

    def write(self, text: Text, scope: Scope | None = None) -> str:
        """`text` in her language, not yet fitted.

        A page loses all tones or none: one text of a tonal language decides for the whole page,
        though others on it may be in the language that hers falls back on.
        """
        code = self.language.code
        self._heed(text.variants[code].language)
        always = plain(text, code, self.gsm)
        if always is not None:
            return always
        self.static = False
        return text.render(code, scope or self.run.scope, gsm=self.gsm).strip()

    def _heed(self, code: str) -> None:
        """Something on the page is written in that language."""
        if self.policy is not _FLAT:
            really = self.run.program.site.languages.get(code)
            self.policy = (really or self.language).policy

    def word(self, key: str, values: Mapping[str, object] | None = None) -> str:
        """One of the gateway's own words."""
        text = self.run.program.words[key]
        return self.write(text, None if values is None else Scope(values, self.language))

    def _words(self) -> tuple[str, str, str, str]:
        """Those of the keys."""
        texts = self.run.program.words
        skip, more, back, home = texts["skip"], texts["more"], texts["back"], texts["home"]
        known = _always(skip, more, back, home, self.language.code, self.gsm)
        if known is None:
            return self.write(skip), self.write(more), self.write(back), self.write(home)
        languages, words = known
        for code in languages:
            self._heed(code)
        return words

    def question(
        self, text: Text, error: Text | None = None, values: Mapping[str, object] | None = None
    ) -> str:
        """`text`, or after a wrong answer `error`, or our own sentence above `text`.

        `values` are what our own sentence says beside its words.
        """
        return self.below_error(self.write(text), error, values)

    def below_error(
        self, body: str, error: Text | None = None, values: Mapping[str, object] | None = None
    ) -> str:
        """The same for a question that is written already."""
        wrong = self.run.session.error
        if wrong is None:
            return body
        if error is not None and wrong not in NOT_HERS:
            return self.write(error)
        return f"{self.word(wrong, values)}\n{body}"

    def screen(
        self,
        body: str,
        *,
        labels: Sequence[str] = (),
        picks: Sequence[object] = (),
        above: str = "",
        hidden: frozenset[Key] = _NOTHING,
        skips: bool = False,
        closes: bool = False,
    ) -> Screen:
        """Cut into pages. `above` goes by itself, before the rest, where all is too long."""
        run, session = self.run, self.run.session
        if session.says:
            self.static = False
            above = "\n".join([*session.says, above] if above else session.says)
        site, bearer = run.program.site, run.bearer
        numbers = numbering(len(labels), site.keys)
        sheet = Sheet(
            above=above,
            body=body,
            options=tuple(
                [f"{number}. {label}" for number, label in zip(numbers, labels, strict=True)]
            ),
            words=self._words(),
            numbers=site.keys,
            hidden=hidden,
            skips=skips,
            returns=run.returns,
            leaves=run.leaves,
            closes=closes,
            encoding=bearer.encoding,
            budget=bearer.budget,
            policy=self.policy or self.language.policy,
        )
        pages = remembered(sheet) if self.static else lay_out(sheet)
        if not pages[0].text and run.service is not None:
            # A text of nothing but a value, and the value has nothing that a phone could show.
            pages = lay_out(sheet._replace(body=self.write(run.service.title)))
        return Screen(pages, numbers, labels, picks, skips, sheet.returns, closes, self.static)


@lru_cache(8192)
def plain(text: Text, language: str, gsm: bool) -> str | None:
    """A text that reads no variable, as it is always written; None for the others."""
    if text.count is not None or not text.static(language):
        return None
    variant = text.variants[language]
    forms = variant.gsm if gsm and variant.gsm is not None else variant.forms
    return "".join(map(str, forms[0])).strip()


@lru_cache(256)
def _always(
    skip: Text, more: Text, back: Text, home: Text, language: str, gsm: bool
) -> tuple[tuple[str, ...], tuple[str, str, str, str]] | None:
    """The words of the keys, if none of them reads a variable, and what languages they are in: of
    one that comes again, the last."""
    texts = skip, more, back, home
    written = [plain(text, language, gsm) for text in texts]
    first, second, third, fourth = written
    if first is None or second is None or third is None or fourth is None:
        return None
    codes = [text.variants[language].language for text in reversed(texts)]
    return tuple(dict.fromkeys(codes))[::-1], (first, second, third, fourth)
