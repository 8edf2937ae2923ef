from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Call, Way


@rule("again-without-question", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """`again` where a way leads to the `call` without a question, or with an effect after it."""
    for visits in survey.flow.visits.values():
        for visit in visits:
            step = visit.step
            if not isinstance(step, Call) or visit.inside is None:
                continue
            for target in step.fails.values():
                if target.way is Way.AGAIN and "" in visit.inside.questions:
                    report(
                        target.place,
                        "`again` has no question to ask again",
                        "ask something directly before this `call`, or name a part to go to",
                    )
