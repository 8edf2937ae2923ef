"""A rule: a code, how bad it is, and a function that looks at the whole program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Place


class Report(Protocol):
    """Called by a rule for each fault; the rule's own code and severity are added."""

    def __call__(self, place: Place, message: str, hint: str = "") -> None: ...


Check = Callable[[Survey, Report], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`why` is the first line of the check's docstring: what the rule is for.

    `whole`: it speaks of what is missing or unused, and so needs every file without fault.
    """

    code: str
    severity: Severity
    check: Check
    why: str
    whole: bool


rules: dict[str, Rule] = {}


def rule(code: str, severity: Severity, *, whole: bool = False) -> Callable[[Check], Check]:
    """Registers a check under its stable code; a code belongs to one rule only."""

    def register(check: Check) -> Check:
        if code in rules:
            raise ValueError(f"two rules are called {code}")
        why = (check.__doc__ or "").strip().splitlines()
        rules[code] = Rule(code, severity, check, why[0] if why else "", whole)
        return check

    return register
