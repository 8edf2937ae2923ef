"""What is wrong with a compiled program, and what would serve citizens badly.

`rules/` holds one rule a file; a new file there is a new rule. `run` is what `load` and
`gateway check` call.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from gateway.menu.checks import rules as _rules
from gateway.menu.checks.rule import Rule, rules
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Finding, Severity
from gateway.menu.program import Do, Place, Program

for _module in pkgutil.iter_modules(_rules.__path__):
    import_module(f"{_rules.__name__}.{_module.name}")

__all__ = ["registry", "run"]


def registry() -> Mapping[str, Rule]:
    """All rules by their code, in alphabetical order."""
    return dict(sorted(rules.items()))


def run(program: Program, *, warnings: bool, broken: frozenset[str] = frozenset()) -> list[Finding]:
    """What the rules find in `program`, in order of place, each fault once.

    Without `warnings` only what makes a program unfit to be served. `broken` are files in which
    something could not be compiled: nothing is said of them, nor of services that `do` theirs,
    since it would be said of steps that are missing.
    """
    survey = Survey(program)
    silent = _silent(program, broken)
    found: dict[tuple[Place, str, str], Finding] = {}
    for rule in registry().values():
        if rule.severity is not Severity.ERROR and not warnings:
            continue
        if broken and rule.whole:
            continue

        def report(place: Place, message: str, hint: str = "", rule: Rule = rule) -> None:
            if place.file not in silent:
                finding = Finding(place, rule.severity, rule.code, message, hint)
                found.setdefault((place, rule.code, message), finding)

        rule.check(survey, report)
    return sorted(found.values(), key=lambda finding: (finding.place, finding.code))


def _silent(program: Program, broken: frozenset[str]) -> frozenset[str]:
    """`broken`, and the files of all services that run parts of theirs."""
    silent = set(broken)
    runs = {
        (
            program.services[step.service].place.file,
            program.services[step.target.service].place.file,
        )
        for step in program.steps.values()
        if isinstance(step, Do) and step.target.service in program.services
    }
    while more := {caller for caller, called in runs if called in silent} - silent:
        silent |= more
    return frozenset(silent)
