from __future__ import annotations

import re

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import spoken
from gateway.menu.findings import Severity
from gateway.text.language import Language, Policy

_MOST = 12  # words, for easy reading (« facile à lire et à comprendre »)
# Languages that write tones write most particles apart: the same sentence has more words.
_MOST_TONAL = 18
_SENTENCES = re.compile(r"[.!?…]+(?=\s|$)|\n")
_WORD = re.compile(r"(?:\{\}|[^\W_])(?:\{\}|[\w'’ʼ\u0300-\u036f.,/*#+-])*")


@rule("long-sentence", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A sentence of more than twelve words; of eighteen in languages that write tones."""
    languages = survey.program.site.languages
    for spot in survey.spots:
        if spot.role is Role.WORD:
            continue
        for code, variant in spot.text.variants.items():
            most = _limit(languages[code])
            for form in spoken(spot.text, code):
                longest = max(map(words, _SENTENCES.split(form)), default=0)
                if longest > most:
                    report(
                        variant.place or spot.text.place,
                        f"a sentence of {longest} words ({code})",
                        f"at most {most}: make two of it",
                    )


def words(sentence: str) -> int:
    """How many words a reader meets; what is filled in counts as one."""
    return len(_WORD.findall(sentence))


def _limit(language: Language) -> int:
    return _MOST_TONAL if language.policy is Policy.FLAT else _MOST
