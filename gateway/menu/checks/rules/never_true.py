from __future__ import annotations

from gateway.menu.checks.comparison import comparisons, held_by
from gateway.menu.checks.definition import Holds
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity, offer
from gateway.menu.program import FieldType, Kind, Place


@rule("never-true", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A comparison with a word that is none of the choices or declared values."""
    possible: dict[tuple[Place, tuple[str, ...]], set[str] | None] = {}
    expressions = {}
    for use in survey.uses:
        key = use.place, use.path
        expressions[key] = use.expression
        for holds in held_by(survey, use):
            words = _words(holds)
            before = possible.setdefault(key, set())
            possible[key] = None if words is None or before is None else before | words
    for (place, path), known in possible.items():
        for compared in comparisons(expressions[place, path]):
            if not known or compared.path != path:
                continue
            for word in compared.constants:
                if word not in known:
                    report(
                        place,
                        f"« {'.'.join(path)} » is never « {word} »",
                        offer(word, sorted(known)),
                    )


def _words(holds: Holds) -> set[str] | None:
    """All that it can be, or None where nobody knows."""
    if isinstance(holds, FieldType):
        return set(holds.values) if holds.kind is Kind.ONE_OF else None
    return {choice.value for choice in holds} if isinstance(holds, tuple) else None
