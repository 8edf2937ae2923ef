from __future__ import annotations

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Menu

_CHOICE = "nothing follows this menu: say where the choice goes, or add a step below"


@rule("falls-off-end", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A part whose last step leads nowhere, though no `do` waits for it."""
    for position in survey.flow.falls():
        steps = survey.program.services[position.service].parts[position.part]
        if not steps:
            continue  # told where it was read
        last = steps[-1]
        if isinstance(last, Menu) and last.when is None:
            for choice in last.choices:
                if choice.go is None:
                    said = choice.label.source
                    report(choice.place, f"the choice « {said} » leads nowhere", _CHOICE)
            if any(choice.go is None for choice in last.choices):
                continue
        hint = "add an `end`, or a `go` to where it goes on"
        if last.when is not None:
            hint = f"where its `when` is false nothing follows: {hint}"
        report(last.place, f"nothing follows this step of part « {position.part} »", hint)
