from __future__ import annotations

import unicodedata

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import place_of, spoken
from gateway.menu.findings import Severity

# Wrong → right. The same shape on paper; another letter for search, sorting and transliteration.
# ǝ is the letter of Benin's national alphabet, whose capital is Ǝ.
_LOOK_ALIKES = {
    "Đ": "Ɖ",
    "Ð": "Ɖ",
    "đ": "ɖ",
    "ð": "ɖ",
    "ε": "ɛ",
    "є": "ɛ",
    "Ԑ": "Ɛ",
    "ↄ": "ɔ",
    "Ↄ": "Ɔ",
    "ͻ": "ɔ",
    "ᴐ": "ɔ",
    "ə": "ǝ",
    "Ə": "Ǝ",
    "ɑ": "a",
    "ɡ": "g",
    "ı": "i",
    "υ": "ʋ",
    "η": "ŋ",
}
_LATIN = "write it in Latin letters"
_OTHER_SCRIPTS = ("GREEK ", "CYRILLIC ")


@rule("look-alike-letter", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A letter that only looks like the right one: Đ for Ɖ, ε for ɛ, ↄ for ɔ, ə for ǝ."""
    for spot in survey.spots:
        for language in spot.text.variants:
            for form in spoken(spot.text, language):
                for wrong, right in look_alikes(form):
                    hint = f"write « {right} » (U+{ord(right):04X})" if right else _LATIN
                    report(
                        place_of(spot.text, language, wrong),
                        f"« {wrong} » (U+{ord(wrong):04X}) looks like another ({language})",
                        hint,
                    )


def look_alikes(text: str) -> list[tuple[str, str]]:
    """Each wrong letter of `text` once, with the right one, or "" where that is not known."""
    latin = any(
        letter.isalpha() and unicodedata.name(letter, "").startswith("LATIN ") for letter in text
    )
    found = []
    for letter in dict.fromkeys(text):
        if letter in _LOOK_ALIKES:
            found.append((letter, _LOOK_ALIKES[letter]))
        elif latin and unicodedata.name(letter, "").startswith(_OTHER_SCRIPTS):
            found.append((letter, ""))
    return found
