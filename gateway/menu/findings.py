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
    NOTE = "note"  # told, and never counted: not even by --strict


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. `code` is stable (`unknown-target`); `message` and `hint` are for people."""

    place: Place
    severity: Severity
    code: str
    message: str
    hint: str = ""


class Findings:
    """Collects what a load finds, so that everything is reported at once."""

    def __init__(self) -> None:
        self._found: dict[tuple[Place, str, str], Finding] = {}

    def __len__(self) -> int:
        return len(self._found)

    @property
    def fatal(self) -> bool:
        """Whether one of them is an error."""
        return any(found.severity is Severity.ERROR for found in self._found.values())

    def error(self, place: Place, code: str, message: str, hint: str = "") -> None:
        """Note one error; the same at the same place is noted once."""
        self.add([Finding(place, Severity.ERROR, code, message, hint)])

    def warning(self, place: Place, code: str, message: str, hint: str = "") -> None:
        """Note what can be served, but serves citizens badly."""
        self.add([Finding(place, Severity.WARNING, code, message, hint)])

    def add(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._found.setdefault((finding.place, finding.code, finding.message), finding)

    def in_order(self) -> tuple[Finding, ...]:
        """By file, line and column."""
        return tuple(sorted(self._found.values(), key=lambda found: (found.place, found.code)))


def nearest(word: str, known: Iterable[str]) -> str:
    """« did you mean … » for the closest of `known`, or nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean « {close[0]} »?" if close else ""


_LISTED = 12


def offer(word: str, known: Iterable[str]) -> str:
    """The nearest of `known`, or all of them where they are few."""
    names = list(known)
    verb = "is" if len(names) == 1 else "are"
    listed = f"there {verb} {', '.join(names)}" if 0 < len(names) <= _LISTED else ""
    return nearest(word, names) or listed
