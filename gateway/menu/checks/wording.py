"""Words as citizens and readers take them: blind to case and accents, without placeholders."""

from __future__ import annotations

import re
import unicodedata

from gateway.menu.program import Expression, Place, Template, Text

_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """What is left of `text` for someone who types no accents: « Été » and « ete » are equal."""
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(letter)
    )
    return _SPACES.sub(" ", bare.casefold()).strip()


def plain(template: Template, blank: str = "{}") -> str:
    """The text as its reader sees it, with `blank` for whatever is filled in."""
    return "".join(blank if isinstance(piece, Expression) else piece for piece in template)


def place_of(text: Text, language: str, words: str) -> Place:
    """Where `words` stand in `language`: in the author's file, or the line of a translation."""
    translated = text.variants[language].place
    if translated is not None:
        return translated
    for form, locate in zip((text.source, text.source_plural or ""), text.locate, strict=False):
        offset = form.find(words)
        if offset >= 0:
            return locate(offset)
    return text.place


def spoken(text: Text, language: str) -> list[str]:
    """The forms (one, or the plurals, and the short GSM ones) that `language` itself has.

    Nothing where the text is not translated: the fallback is checked in its own language.
    """
    variant = text.variants.get(language)
    if variant is None or variant.language != language:
        return []
    return [plain(form) for form in (*variant.forms, *(variant.gsm or ()))]
