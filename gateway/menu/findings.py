"""What `gateway check` reports: a code, a place, a caret, a hint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from gateway.menu.program import Place


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `code` is stable (`unknown-target`); `message` and `hint` are for people."""

    place: Place
    severity: Severity
    code: str
    message: str
    hint: str = ""


def nearest(word: str, known: Iterable[str]) -> str:
    """« did you mean … » for the closest of `known`, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean « {close[0]} »?" if close else ""
