from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import translatable
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.text.language import State


@rule("draft-language", Severity.NOTE, whole=True)
def check(survey: Survey, report: Report) -> None:
    """How much of a draft language a native speaker has read: its entries that aren't fuzzy."""
    site = survey.program.site
    texts = {
        (spot.text.domain, spot.text.source): spot.text
        for spot in survey.spots
        if translatable(spot.text)
    }
    for code, language in site.languages.items():
        if language.state is not State.DRAFT or code not in site.offered:
            continue
        variants = [text.variants[code] for text in texts.values() if code in text.variants]
        read = sum(variant.language == code and not variant.fuzzy for variant in variants)
        report(
            site.language_places.get(code, site.place),
            f"{code}: {read} of {len(texts)} read by a native speaker",
        )
