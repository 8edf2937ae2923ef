from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import AnswerType, Ask, Confirm


@rule("no-way-back", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A screen that she can't leave by back: its key could be an answer, or No leads nowhere."""
    keys = survey.program.site.keys
    for step in survey.program.steps.values():
        if isinstance(step, Ask) and _could_be(step.type, keys.back):
            if any(visit.inside and True in visit.inside.behind for visit in survey.flow.of(step)):
                report(
                    step.place,
                    f"{keys.back} could be an answer here, so the key for back is not shown",
                    _hint(step.type),
                )
        elif isinstance(step, Confirm) and step.cancel is None:
            visits = survey.flow.of(step)
            if any(visit.inside and False in visit.inside.behind for visit in visits):
                report(
                    step.place,
                    "no screen lies before this one for « No » to go back to",
                    "say with `cancel` where No goes",
                )


def _hint(kind: AnswerType) -> str:
    if kind.base in ("number", "amount"):
        return "say `min: 1`, or `min: 0` if 0 is an answer"
    return "say `length`, or `min: 2`"


def _could_be(kind: AnswerType, key: str) -> bool:
    """Whether `key` is an answer that the author has not thought of."""
    if not key.isdigit() or (kind.pattern is not None and not kind.pattern.fullmatch(key)):
        return False
    if kind.base in ("number", "amount"):
        most = kind.most.number if kind.most is not None else None
        return kind.least is None and (most is None or int(key) <= most)
    if kind.base == "digits" and kind.length is not None:
        return kind.length[0] <= len(key) <= kind.length[1]
    return False
