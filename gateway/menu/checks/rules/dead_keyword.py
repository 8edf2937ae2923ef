from __future__ import annotations

import re
from itertools import zip_longest

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import fold, spoken
from gateway.menu.findings import Severity
from gateway.menu.program import Program

_KEYS = ("back", "home", "more", "skip", "yes", "no")


@rule("dead-keyword", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A keyword that is taken for something else: a number, several words, the words of a key.

    « Accueil » may be a keyword of the service that `sms.start` opens: it means the same there.
    """
    program = survey.program
    for service in program.services.values():
        taken = _taken(program, at_home=service.name == program.site.sms.start)
        places = zip_longest(service.keywords, service.keyword_places[: len(service.keywords)])
        for keyword, place in places:
            fault = _fault(fold(keyword), taken)
            if fault:
                report(place or service.place, f"« {keyword} » {fault}", "take one word of its own")


def _taken(program: Program, *, at_home: bool) -> dict[str, str]:
    """The words of keys and answers, and a language that has each."""
    return {
        fold(form): language
        for language in program.site.offered
        for key in _KEYS
        if not (at_home and key == "home")
        for form in spoken(program.words[key], language)
    }


def _fault(keyword: str, taken: dict[str, str]) -> str:
    if keyword in taken:
        return f"is what a key or an answer says ({taken[keyword]})"
    if re.search(r"\s", keyword):
        return "has several words, which are read one by one"
    if not any(letter.isalpha() for letter in keyword):
        return "has no letter: it would be the number of a choice"
    return ""
