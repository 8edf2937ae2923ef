from __future__ import annotations

from gateway.menu.checks.definition import UNSET, Definition, Shape
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity

_WORDS = {
    Shape.VALUE: "a value",
    Shape.RECORD: "a record",
    Shape.LIST: "a list",
    Shape.SECRET: "a secret",
}


@rule("mixed-kinds", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """One name for a value here and for a record, a list or a secret there."""
    steps = survey.program.steps
    found: dict[tuple[str, str], set[Definition]] = {}
    for position, state in survey.flow.states.items():
        for name, held in state.variables.items():
            found.setdefault((position.root, name), set()).update(held - {UNSET})
    for (_, name), values in found.items():
        ordered = sorted(
            (value for value in values if value.step in steps),
            key=lambda value: (steps[value.step].place, value.shape),
        )
        for other in ordered[1:]:
            first = ordered[0]
            if other.shape is first.shape:
                continue
            before, here = steps[first.step], steps[other.step]
            where = "" if before.service == here.service else f"in « {before.service} », "
            report(
                here.place,
                f"« {name} » is {_WORDS[other.shape]} here, but {_WORDS[first.shape]} "
                f"{where}on line {before.place.line}",
                "give one of them another name",
            )
