from __future__ import annotations

from collections.abc import Mapping

from gateway.events import Encoding
from gateway.menu.checks.lengths import Length, lengths
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity

MOST: Mapping[Encoding, int] = {Encoding.GSM7: 1, Encoding.UCS2: 2}
"""Segments. One of UCS-2 has 70 characters: hardly a sentence with a reference fits them."""

_UNITS = {Encoding.GSM7: "septets", Encoding.UCS2: "characters"}


@rule("long-message", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A message that, filled with its longest values, takes more segments than it should.

    One in languages that fit GSM-7, two in those that need UCS-2. Parts arrive one by one, some
    handsets show them apart, and each is paid for.
    """
    for length in lengths(survey):
        worst = length.worst
        if length.served == length.language and len(worst.parts) > MOST[worst.encoding]:
            variant = length.message.text.variants[length.language]
            report(variant.place or length.message.text.place, _said(length), _HINT)


_HINT = "shorten it, or declare shorter fields"


def _said(length: Length) -> str:
    worst = length.worst
    return (
        f"« {length.message.name} » has {worst.units} {_UNITS[worst.encoding]} "
        f"in {length.language} at worst: {len(worst.parts)} segments"
    )
