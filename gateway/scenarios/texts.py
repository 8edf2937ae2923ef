"""Which texts of a page are not in her language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.engine import Open, Turned
from gateway.engine.matching import fold
from gateway.menu.checks.spots import Role, Spot, spots, translatable
from gateway.menu.program import Program, Text
from gateway.text.language import State

_SCREENS = {
    Open.STEP: frozenset(
        {
            Role.MENU,
            Role.LABEL,
            Role.ASK,
            Role.LIST,
            Role.ITEM,
            Role.CONFIRM,
            Role.RATE,
            Role.END,
        }
    ),
    Open.SEARCH: frozenset({Role.SEARCH}),
    Open.COMMENT: frozenset({Role.COMMENT}),
}
"""What a step is sure to show while a question of it is open."""

_REPLACED = frozenset({Role.MENU, Role.ASK, Role.LIST, Role.ITEM})  # by an error, by « empty »
_ANYWHERE = frozenset({Role.SAY, Role.END, Role.TITLE, Role.TYPE, Role.VALUE, Role.WORD})


class Untranslated:
    """What somebody who speaks `language` is served in another one.

    A draft is allowed gaps, and a service that is not offered in a language is not expected to
    speak it.
    """

    def __init__(self, program: Program, language: str) -> None:
        self._program = program
        self._language = language
        known = program.site.languages.get(language)
        ready = known is not None and known.state is State.READY
        self._lacking = [
            (spot, _sight(spot.text, language))
            for spot in (spots(program) if ready and language != program.site.source else ())
            if _lacks(spot.text, language)
        ]

    def on(self, turned: Turned) -> Iterator[Text]:
        """The texts that this page, and the messages sent with it, were made of."""
        service = self._program.services.get(turned.trace.service)
        if not self._lacking or service is None or self._language not in service.languages:
            return
        sent = [
            (effect.service, effect.body["message"])
            for effect in turned.effects
            if effect.kind == "sms"
        ]
        page = fold(turned.page)
        nearby = (turned.trace.service, turned.session.service)
        for spot, sight in self._lacking:
            if spot.role is Role.MESSAGE:
                if (spot.service, spot.name) in sent:
                    yield spot.text
            elif _certain(spot, turned) or (
                (spot.role in _ANYWHERE or spot.service in nearby) and sight.search(page)
            ):
                yield spot.text


def _lacks(text: Text, language: str) -> bool:
    variant = text.variants.get(language)
    if variant is None or not translatable(text):
        return False
    return variant.language.partition("_")[0] != language.partition("_")[0]


def _certain(spot: Spot, turned: Turned) -> bool:
    trace = turned.trace
    if spot.step is None or spot.step.id != trace.step:
        return False
    if spot.role in _REPLACED and (turned.session.error is not None or spot.step.verb == "list"):
        return False
    return spot.role in _SCREENS.get(trace.open, ())


def _sight(text: Text, language: str) -> re.Pattern[str]:
    """How to know it on a page, in spite of lost accents and of what is filled in."""
    form = text.variants[language].forms[0]
    literals = [fold(piece) for piece in form if isinstance(piece, str)]
    words = ".*?".join(re.escape(literal) for literal in literals if literal)
    return re.compile(rf"\b{words}\b" if words else r"(?!)")
