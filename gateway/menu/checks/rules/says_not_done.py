from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.events import Outcome
from gateway.menu.checks.flow import Question
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Spot, of_step
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import fold, spoken
from gateway.menu.findings import Severity
from gateway.menu.program import Call, End, Program, Target, Way

# What says that it was not done, in texts without accents and capitals.
_DENIALS = {
    "fr": re.compile(
        r"\bn[' ]?(?:a|ont|est|sont|avons|etait) (?:pas|rien|jamais)\b"
        r"|\brien n[' ]?(?:a|est)\b"
        r"|\b(?:pas|non) (?:ete )?(?:enregistr|recu|envoy|transmi|effectu|pay|pri[st])"
        r"|\ba echoue\b|\bechec\b|\bannule"
    ),
    "en": re.compile(
        r"\b(?:was|were|has|have|is|are)(?: not|n't)\b|\bnothing (?:was|has)\b|\bnot (?:been )?"
        r"(?:registered|recorded|saved|sent|received|paid|done)\b|\bfailed\b|\bcancell?ed\b"
    ),
}


@rule("says-not-done", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """After an `unavailable` submit nobody knows whether it was done; a text says it was not."""
    program = survey.program
    for step in program.steps.values():
        if not isinstance(step, Call) or step.operation.safe:
            continue
        target = step.fails.get(Outcome.UNAVAILABLE)
        if target is None:
            continue
        for spot in _first_shown(program, target):
            for language, pattern in _DENIALS.items():
                if any(pattern.search(_typed(form)) for form in spoken(spot.text, language)):
                    variant = spot.text.variants[language]
                    report(
                        variant.place or spot.text.place,
                        f"after « {step.operation.name} » is unavailable nobody knows whether it "
                        f"was done ({language})",
                        "say that it is not known yet, and how to find out",
                    )


def _typed(form: str) -> str:
    return fold(form).replace("’", "'")


def _first_shown(program: Program, target: Target) -> Iterator[Spot]:
    """The texts of the first screen at `target`."""
    service = program.services.get(target.service)
    if target.way is not Way.PART or service is None:
        return
    for step in service.parts.get(target.part, ()):
        yield from of_step(step)
        if isinstance(step, Question | End):
            return
