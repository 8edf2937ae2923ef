from __future__ import annotations

from gateway.menu.checks.definition import Shape
from gateway.menu.checks.reading import Purpose, Use
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import expressions
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Call

_HINT = "a secret only goes to a `call`, by its name in `with`"


@rule("secret-shown", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A `pin` in a text, a message, a condition or a filter."""
    for use in survey.uses:
        if use.field or _goes_to_a_call(use):
            continue
        if any(source.shape is Shape.SECRET for source in use.values):
            report(use.place, f"« {use.name} » is secret: it may not be used here", _HINT)
    _in_translations(survey, report)


def _goes_to_a_call(use: Use) -> bool:
    """By its bare name: what a filter or a comparison makes of a secret is no secret any more."""
    return (
        use.purpose is Purpose.ARGUMENT
        and isinstance(use.visit.step, Call)
        and use.expression.source.strip() == use.name
    )


def _in_translations(survey: Survey, report: Report) -> None:
    """A translator's text is held to the same, whatever the source says."""
    for spot in survey.spots:
        service = survey.program.services.get(spot.service)
        if service is None:
            continue
        for language in spot.text.variants:
            for expression in expressions(spot.text, language):
                for name in sorted({path[0] for path in expression.reads} & service.pins):
                    report(
                        expression.place, f"« {name} » is secret: it may not be used here", _HINT
                    )
