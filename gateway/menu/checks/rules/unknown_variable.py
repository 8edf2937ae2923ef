from __future__ import annotations

import re

from gateway.menu.checks.flow import KNOWN_EVERYWHERE
from gateway.menu.checks.names import known_names
from gateway.menu.checks.reading import Purpose, Use
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role, expressions
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity, nearest
from gateway.menu.messages import KNOWN
from gateway.menu.names import EVERYWHERE

_OUTSIDE = frozenset({Role.TITLE, Role.TYPE, Role.QUEUE, Role.VALUE})


@rule("unknown-variable", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A name that no step of the conversation sets."""
    names = known_names(survey.flow)
    for use in survey.uses:
        if use.field or use.name in KNOWN_EVERYWHERE:
            continue
        known = names[use.visit.step.id]
        if use.name == "promise" and "promise" not in known:
            report(use.place, "« promise » is known only after a `callback`")
        elif use.name not in known:
            report(
                use.place,
                f"there is no variable « {use.name} »",
                nearest(use.name, sorted(known | KNOWN_EVERYWHERE))
                or _as_word(use)
                or "a variable gets its value from `save`, or from `gives`",
            )
    _outside_conversations(survey, report)


_COMPARED = r"(?:==|!=|<=?|>=?|\bin)\s*{0}\b|\b{0}\s*(?:==|!=|<|>)"


def _as_word(use: Use) -> str:
    """A name that is compared, or sent, may be meant as the word that it is."""
    if len(use.path) > 1:
        return ""
    compared = re.search(_COMPARED.format(re.escape(use.name)), use.expression.source)
    if compared is not None and not compared[0].startswith(use.name):
        return f"a word stands between quotes: '{use.name}'"
    if use.purpose is Purpose.ARGUMENT and use.expression.source == use.name:
        return f"a word stands between two pairs of quotes here: \"'{use.name}'\""
    return ""


def _outside_conversations(survey: Survey, report: Report) -> None:
    """Texts that are shown or sent where no step has set anything."""
    source = survey.program.site.source
    for spot in survey.spots:
        data = spot.message.data if spot.message is not None else None
        if spot.role not in _OUTSIDE and data is None:
            continue
        everywhere = KNOWN_EVERYWHERE if data is None else KNOWN
        known = everywhere | frozenset(data or ())
        for expression in expressions(spot.text, source):
            for path in sorted(expression.reads):
                if path[0] in known:
                    continue
                hint = nearest(path[0], sorted(known))
                if data is not None and path[0] in EVERYWHERE:
                    hint = "no conversation stands behind what an agency sends"
                elif data is not None:
                    hint = hint or f"declare it: data: {{ {path[0]}: 20 }}"
                report(expression.place, f"there is no variable « {path[0]} » here", hint)
