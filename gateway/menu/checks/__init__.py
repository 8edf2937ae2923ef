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
from gateway.menu.program import Place, Program

for _module in pkgutil.iter_modules(_rules.__path__):
    import_module(f"{_rules.__name__}.{_module.name}")

__all__ = ["registry", "run"]


def registry() -> Mapping[str, Rule]:
    """All rules by their code, in alphabetical order."""
    return dict(sorted(rules.items()))


def run(program: Program, *, warnings: bool) -> list[Finding]:
    """What the rules find in `program`, in order of place, each fault once.

    Without `warnings` only what makes a program unfit to be served.
    """
    survey = Survey(program)
    found: dict[tuple[Place, str, str], Finding] = {}
    for rule in registry().values():
        if rule.severity is not Severity.ERROR and not warnings:
            continue

        def report(place: Place, message: str, hint: str = "", rule: Rule = rule) -> None:
            finding = Finding(place, rule.severity, rule.code, message, hint)
            found.setdefault((place, rule.code, message), finding)

        rule.check(survey, report)
    return sorted(found.values(), key=lambda finding: (finding.place, finding.code))
