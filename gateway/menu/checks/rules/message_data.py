from __future__ import annotations

from gateway.menu.checks.definition import UNSET, Shape
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Sms


@rule("message-data", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A flow sends a message with `data` without having each of them as a variable."""
    for visits in survey.flow.visits.values():
        for visit in visits:
            step = visit.step
            if not isinstance(step, Sms) or step.message.data is None or visit.inside is None:
                continue
            for name in step.message.data:
                values = visit.inside.values(name)
                if UNSET in values:
                    hint = "set it on every way, or send a message without `data`"
                    report(
                        step.place, f"« {step.message.name} » needs « {name} », not set here", hint
                    )
                elif any(source.shape is not Shape.VALUE for source in values):
                    hint = "only a single value can stand in a message's `data`"
                    report(step.place, f"« {step.message.name} » needs « {name} » as a value", hint)
