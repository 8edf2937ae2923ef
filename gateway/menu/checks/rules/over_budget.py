from __future__ import annotations

from gateway.events import Encoding
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.screens import Screen
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Site


@rule("over-budget", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A screen that, filled with its longest values, doesn't fit one page of some operator.

    It is served nevertheless, in pages. Operators with UCS-2 are left out: hardly a screen fits
    their 70 characters, and paging is what they were chosen with. A list pages by its records,
    so only its text with the longest record is measured.
    """
    operators = budgets(survey.program.site)
    for screen in survey.screens.all():
        over = _over(survey, screen, operators)
        if over:
            septets, budget, where = over[0]
            others = "".join(f"; {number} in {also}" for number, _, also in over[1:])
            report(
                screen.lines[0].text.place,
                f"{septets} septets in {where}, and a page has {budget}{others}",
                "shorten it, or spread it over two steps",
            )


def budgets(site: Site) -> dict[int, str]:
    """Septets of a page → who has it: the site's own budget, and each smaller one."""
    found = {site.budget: ""}
    for operator in site.operators.values():
        if operator.encoding is Encoding.GSM7:
            found.setdefault(operator.budget, operator.name)
    return found


def _over(survey: Survey, screen: Screen, operators: dict[int, str]) -> list[tuple[int, int, str]]:
    """(septets, budget, language and operator) of each language that needs more, worst first."""
    least = min(operators)
    found = []
    for language in survey.program.site.offered:
        if not any(line.text.variants[language].language == language for line in screen.lines):
            continue  # it is served, and measured, in another
        septets = survey.screens.size(screen, language, Encoding.GSM7)
        if septets > least:
            budget = max(one for one in operators if one < septets)
            name = operators[budget]
            found.append((septets, budget, f"{language} ({name})" if name else language))
    return sorted(found, reverse=True)
