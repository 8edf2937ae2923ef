from __future__ import annotations

from collections.abc import Mapping

from gateway.menu.checks.comparison import filtered, held_by
from gateway.menu.checks.definition import Holds
from gateway.menu.checks.flow import KNOWN_EVERYWHERE
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import AnswerType, FieldType, Kind

_DAY = frozenset({"date"})
_AMOUNT = frozenset({"digits", "number", "amount", "money"})
_TAKES: Mapping[str, frozenset[str]] = {
    "date": _DAY,
    "year": _DAY,
    "age": _DAY,
    "time": _DAY,
    "money": _AMOUNT,
    "number": _AMOUNT,
    "phone": frozenset({"phone", "digits"}),
}
_WANTS = {"money": "an amount", "number": "a number", "phone": "a phone number"}


@rule("odd-filter", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A filter behind a value of another kind, which it shows as it is: `{nom|date}`."""
    for use in survey.uses:
        for path, name in filtered(use.expression):
            wanted = _TAKES.get(name)
            if wanted is None or path != use.path:
                continue
            kinds = {_kind(holds) for holds in held_by(survey, use)}
            if use.name in KNOWN_EVERYWHERE and not use.field:
                kinds = {{"today": "date", "phone": "phone"}.get(use.name, "word")}
            if kinds and None not in kinds and not kinds & wanted:
                report(
                    use.place,
                    f"« {'.'.join(path)} » is not {_WANTS.get(name, 'a date')}",
                    f"leave out « |{name} »",
                )


def _kind(holds: Holds) -> str | None:
    """A name for the kind of value; None where it may be of any."""
    if isinstance(holds, FieldType):
        return None if holds.kind is Kind.TEXT else holds.kind.value
    if isinstance(holds, AnswerType):
        return holds.base
    return "word" if holds is not None else None
