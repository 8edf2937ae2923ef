from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import fold
from gateway.menu.findings import Severity
from gateway.menu.program import Choice, List, Menu


@rule("same-label", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """Two choices with the same words: who types them can't be understood.

    Choices that are never shown together, each with its own `when`, may share their words.
    """
    for step in survey.program.steps.values():
        if not isinstance(step, Menu | List):
            continue
        met: dict[str, Choice] = {}
        for choice in step.choices:
            words = fold(choice.label.source)
            first = met.setdefault(words, choice)
            if first is choice or (first.when is not None and choice.when is not None):
                continue
            report(
                choice.place,
                f"the choice « {choice.label.source} » stands twice in this `{step.verb}`",
                f"the other is on line {first.place.line}; accents and case don't count",
            )
