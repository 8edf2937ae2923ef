from __future__ import annotations

from unicodedata import is_normalized

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import place_of, spoken
from gateway.menu.findings import Severity


@rule("not-nfc", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A text whose letters and marks are written apart: it looks the same and is not found."""
    for spot in survey.spots:
        for language in spot.text.variants:
            forms = spoken(spot.text, language)
            if language == survey.program.site.source:
                forms = [*forms, spot.text.source, spot.text.source_plural or ""]
            apart = next((form for form in forms if not is_normalized("NFC", form)), None)
            if apart is not None:
                report(
                    place_of(spot.text, language, _apart(apart)),
                    f"letters and their marks are written apart ({language})",
                    "save it in the form NFC: « é » is one character, not « e » and a mark",
                )


def _apart(text: str) -> str:
    """The first letter of `text` that is apart from its mark, and that mark."""
    for end in range(2, len(text) + 1):
        if not is_normalized("NFC", text[end - 2 : end]):
            return text[end - 2 : end]
    return text
