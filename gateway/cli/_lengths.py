"""What `gateway check --messages` shows: the length, segments and cost of every message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from gateway.menu.checks.lengths import lengths
from gateway.menu.checks.survey import Survey
from gateway.menu.messages import cost
from gateway.menu.program import Program

Row = Mapping[str, Any]

_COLUMNS = {
    "message": "message",
    "language": "language",
    "encoding": "alphabet",
    "typical_units": "typical",
    "units": "worst",
    "segments": "segments",
}
_COSTS = {"typical_cost": "mostly costs", "cost": "at most"}


def rows(program: Program, broken: frozenset[str]) -> list[Row]:
    """One for each message and language; none of files that are `broken`.

    Units are septets or UTF-16 units, costs francs or None where the site says no price.
    """
    site = program.site
    return [
        {
            "message": f"{length.message.service}/{length.message.name}",
            "language": length.language,
            "served": length.served,
            "encoding": length.worst.encoding.value,
            "typical_units": length.typical.units,
            "typical_segments": len(length.typical.parts),
            "typical_cost": _number(cost(site, len(length.typical.parts))),
            "units": length.worst.units,
            "segments": len(length.worst.parts),
            "cost": _number(cost(site, len(length.worst.parts))),
        }
        for length in lengths(Survey(program))
        if length.message.place.file not in broken
    ]


def table(found: Sequence[Row]) -> str:
    """Words to the left, numbers to the right; the costs only where there is a price."""
    priced = any(row["cost"] is not None for row in found)
    columns = _COLUMNS | (_COSTS if priced else {})
    lines = [list(columns.values())]
    lines += [
        [f"{row[name]} F" if name in _COSTS else str(row[name]) for name in columns]
        for row in found
    ]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    left = [name in ("message", "language", "encoding") for name in columns]
    return "".join(
        "  ".join(
            cell.ljust(width) if is_left else cell.rjust(width)
            for cell, width, is_left in zip(line, widths, left, strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _number(francs: Decimal | None) -> int | float | None:
    if francs is None:
        return None
    return int(francs) if francs == francs.to_integral_value() else float(francs)
