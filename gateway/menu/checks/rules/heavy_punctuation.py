from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import place_of, spoken
from gateway.menu.findings import Severity

_MARKS = {
    ";": "make two sentences of it",
    "…": "say what follows, or end with a full stop",
    "...": "say what follows, or end with a full stop",
}


@rule("heavy-punctuation", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """`;` and `…` in a text: those who read slowly lose the thread there."""
    for spot in survey.spots:
        if spot.role is Role.WORD:
            continue
        for language in spot.text.variants:
            for form in spoken(spot.text, language):
                for mark, hint in _MARKS.items():
                    if mark in form:
                        place = place_of(spot.text, language, mark)
                        report(place, f"« {mark} » in a text for citizens ({language})", hint)
