from __future__ import annotations

import re

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import spoken
from gateway.menu.findings import Severity
from gateway.menu.program import List, Menu

_NUMBERED = re.compile(r"(\d{1,2}\s*(?:[.)°:]|[-–—](?=\s)))\s*(?=[^\W\d])")


@rule("numbered-label", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A choice that begins with a number of its own: the screen would show two."""
    for step in survey.program.steps.values():
        if not isinstance(step, Menu | List):
            continue
        for choice in step.choices:
            for language in survey.program.site.offered:
                for form in spoken(choice.label, language):
                    found = _NUMBERED.match(form)
                    if found is not None:
                        report(
                            choice.label.variants[language].place or choice.place,
                            f"« {found[1]} » is shown beside the number that we write ({language})",
                            "write the words alone; choices are numbered as they stand",
                        )
