"""The longest that a value can become."""

from __future__ import annotations

import pytest

from gateway.menu.checks.worst import held
from gateway.menu.program import AnswerType, Bound, FieldType, Kind


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        (FieldType(Kind.TEXT, 12), 12),
        (FieldType(Kind.NUMBER), 9),
        (FieldType(Kind.MONEY), 9),
        (FieldType(Kind.DATE), 10),
        (FieldType(Kind.ONE_OF, values=("recu", "en cours", "pret")), 8),
        (None, 20),
        (AnswerType(base="text"), 40),
        (AnswerType(base="text", length=(1, 12)), 12),
        (AnswerType(base="digits", length=(4, 6)), 6),
        (AnswerType(base="number", most=Bound(number=150)), 3),
        (AnswerType(base="number", least=Bound(number=-1500), most=Bound(number=9)), 5),
        (AnswerType(base="amount"), 9),
        (AnswerType(base="date"), 10),
        (AnswerType(base="phone"), 14),
    ],
)
def test_longest_value(field: FieldType | AnswerType | None, longest: int) -> None:
    """What the site declares, or else a documented guess."""
    assert max(len(str(value)) for value in held(field)) == longest
