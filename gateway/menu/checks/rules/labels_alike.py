from __future__ import annotations

from itertools import combinations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import fold, spoken
from gateway.menu.findings import Severity
from gateway.menu.program import Choice, List, Menu

_WORDS = 2


@rule("labels-alike", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """Two choices that begin with the same words: readers take one for the other."""
    for step in survey.program.steps.values():
        if not isinstance(step, Menu | List):
            continue
        for language in survey.program.site.offered:
            for first, second in combinations(step.choices, 2):
                if first.when is not None and second.when is not None:
                    continue  # they may never be shown together
                shared = _shared(first, second, language)
                if shared:
                    variant = second.label.variants[language]
                    report(
                        variant.place or second.place,
                        f"two choices begin with « {shared} » ({language})",
                        "put the word that differs first",
                    )


def _shared(first: Choice, second: Choice, language: str) -> str:
    """The words that both begin with, or nothing."""
    ours, theirs = spoken(first.label, language), spoken(second.label, language)
    if not ours or not theirs:
        return ""
    if fold(first.label.source) == fold(second.label.source):
        return ""  # an error of its own
    beginnings = [fold(words[0]).split()[:_WORDS] for words in (ours, theirs)]
    if beginnings[0] != beginnings[1]:
        return ""
    return " ".join(theirs[0].split()[:_WORDS])
