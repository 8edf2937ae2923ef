from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import spoken
from gateway.menu.findings import Severity
from gateway.text.segments import clusters

_MOST = 24  # characters; a line of a small phone


@rule("long-label", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """The words of a choice are longer than a line of a small phone."""
    for spot in survey.spots:
        if spot.role is not Role.LABEL:
            continue
        for language, variant in spot.text.variants.items():
            for form in spoken(spot.text, language):
                length = len(clusters(form.replace("{}", "")))
                if length > _MOST:
                    report(
                        variant.place or spot.text.place,
                        f"« {form} » has {length} characters ({language})",
                        f"at most {_MOST}: a verb and a noun",
                    )
