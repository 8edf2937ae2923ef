from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Expression, Template, Text, Variant


@rule("placeholders-differ", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A translation that leaves out what its source text fills in, or formats it otherwise."""
    source = survey.program.site.source
    for spot in survey.spots:
        for language, variant in spot.text.variants.items():
            if variant.language != language or language == source:
                continue
            wanted, found = _wanted(spot.text, source), _filled(variant)
            missing, more = sorted(wanted - found), sorted(found - _allowed(spot.text, source))
            if missing or more:
                report(
                    variant.place or spot.text.place,
                    f"placeholders differ from the source text ({language})",
                    _hint(missing, more),
                )


def _hint(missing: list[str], more: list[str]) -> str:
    said = []
    if missing:
        said.append("missing: " + ", ".join(f"{{{one}}}" for one in missing))
    if more:
        said.append("not in the source: " + ", ".join(f"{{{one}}}" for one in more))
    return "; ".join(said)


def _sources(template: Template) -> set[str]:
    """`{ tarif.frais | money }` and `{tarif.frais|money}` are the same."""
    return {"".join(piece.source.split()) for piece in template if isinstance(piece, Expression)}


def _filled(variant: Variant) -> set[str]:
    """A singular may say « one » in words: any form counts."""
    return set[str]().union(*(_sources(form) for form in variant.forms))


def _wanted(text: Text, source: str) -> set[str]:
    """What the form for many fills in."""
    variant = text.variants.get(source)
    return _sources(variant.forms[-1]) if variant is not None else set()


def _allowed(text: Text, source: str) -> set[str]:
    variant = text.variants.get(source)
    count = {"".join(text.count.source.split())} if text.count is not None else set()
    return count | (_filled(variant) if variant is not None else set())
