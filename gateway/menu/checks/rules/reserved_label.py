from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import fold, spoken
from gateway.menu.findings import Severity
from gateway.menu.program import List, Menu

_KEYS = ("back", "home", "more", "skip")


@rule("reserved-label", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A choice with the words of a key, such as « Accueil », which every screen has anyway."""
    words = survey.program.words
    for step in survey.program.steps.values():
        if not isinstance(step, Menu | List):
            continue
        for language in survey.program.site.offered:
            reserved = {
                fold(form) for key in _KEYS if key in words for form in spoken(words[key], language)
            }
            for choice in step.choices:
                for form in spoken(choice.label, language):
                    if fold(form) in reserved:
                        report(
                            choice.label.variants[language].place or choice.place,
                            f"« {form} » is what a key of every screen says ({language})",
                            "leave it out, or name what it leads to",
                        )
