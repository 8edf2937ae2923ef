from __future__ import annotations

from collections.abc import Iterator

from gateway.menu.checks.flow import Position, Question, Visit
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import expressions, of_step
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.ways import after
from gateway.menu.findings import Severity
from gateway.menu.program import Call, End, Rate, Sms, Step, Text


@rule("no-reference", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """An `end` after a submit that shows nothing of what the back end gave: no number to keep."""
    flow = survey.flow
    for visits in list(flow.visits.values()):
        for visit in visits:
            step = visit.step
            if not isinstance(step, Call) or step.operation.method != "POST":
                continue
            if step.operation.safe or not step.operation.gives or visit.inside is None:
                continue
            for end in _silent_ends(survey, visit, step):
                fields = ", ".join(
                    f"{{{step.save or 'save'}.{name}}}" for name in step.operation.gives
                )
                report(
                    end.place,
                    f"nothing of what « {step.operation.name} » gave is shown before the end",
                    f"show her the reference: one of {fields}",
                )


def _silent_ends(survey: Survey, visit: Visit, call: Call) -> Iterator[End]:
    """The ends that are her first screen after `call` succeeded, the reference not shown."""
    flow = survey.flow
    source = survey.program.site.source

    def stops(position: Position) -> bool:
        step = flow.step(position)
        return step is not None and (
            _shows(step, call.save, source)
            or (isinstance(step, Question) and not isinstance(step, Rate))
        )

    first = Position(
        visit.position.root,
        visit.position.stack,
        visit.position.service,
        visit.position.part,
        visit.position.index + 1,
    )
    ahead = [first, *(() if stops(first) else after(flow, first, stops))]
    for position in ahead:
        step = flow.step(position)
        if isinstance(step, End) and not _shows(step, call.save, source):
            yield step


def _shows(step: Step, name: str | None, source: str) -> bool:
    if name is None:
        return False
    texts: list[Text] = [spot.text for spot in of_step(step)]
    if isinstance(step, Sms):
        texts.append(step.message.text)
    return any(
        path[0] == name
        for text in texts
        for expression in expressions(text, source)
        for path in expression.reads
    )
