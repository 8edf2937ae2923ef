from __future__ import annotations

import re

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import place_of, spoken
from gateway.menu.findings import Severity

_LINK = re.compile(
    r"https?://\S+|\bwww\.\S+"
    r"|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:bj|com|org|net|info|africa|io|ly|me|gl|co|app)"
    r"(?![\w-]|\.\w)(?:/\S*)?",
    re.IGNORECASE,
)


@rule("link-in-message", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A link in a message: a basic phone can't open it, and swindlers send the like."""
    for spot in survey.spots:
        if spot.role is not Role.MESSAGE:
            continue
        for language in spot.text.variants:
            for form in spoken(spot.text, language):
                found = _LINK.search(form)
                if found is not None:
                    report(
                        place_of(spot.text, language, found[0]),
                        f"« {found[0]} » is a link ({language})",
                        "say what to do, and the code to dial: {ussd}",
                    )
