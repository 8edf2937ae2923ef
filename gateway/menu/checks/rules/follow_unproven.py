from __future__ import annotations

from gateway.menu.checks.definition import UNSET
from gateway.menu.checks.reading import Purpose
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Follow

_HINT = "follow what a `call` gave that was given `phone` or a secret"


@rule("follow-unproven", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A case is followed though nothing proves that it is this citizen's."""
    for use in survey.uses:
        if use.purpose is not Purpose.REFERENCE:
            continue
        proven = all(source.proven for source in use.values - {UNSET})
        if not proven or not use.values - {UNSET}:
            dotted = ".".join(use.path)
            report(use.place, f"nothing proves that « {dotted} » is this citizen's case", _HINT)
    for step in survey.program.steps.values():
        if isinstance(step, Follow) and not step.reference.reads:
            report(step.place, "what is followed must come from a `call`", _HINT)
