from __future__ import annotations

from unicodedata import is_normalized

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import spoken
from gateway.menu.findings import Severity


@rule("not-nfc", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A text whose letters and marks are written apart: it looks the same and is not found."""
    for spot in survey.spots:
        for language, variant in spot.text.variants.items():
            forms = spoken(spot.text, language)
            if language == survey.program.site.source:
                forms = [*forms, spot.text.source, spot.text.source_plural or ""]
            if not all(is_normalized("NFC", form) for form in forms):
                report(
                    variant.place or spot.text.place,
                    f"letters and their marks are written apart ({language})",
                    "save it in the form NFC: « é » is one character, not « e » and a mark",
                )
