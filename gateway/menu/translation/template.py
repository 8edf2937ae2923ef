"""What there is to translate: each domain's messages, with what a translator must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from unicodedata import normalize

from gateway.events import Encoding
from gateway.menu.checks.definition import Definition
from gateway.menu.checks.rules.over_budget import budgets
from gateway.menu.checks.screens import Line, Screen
from gateway.menu.checks.spots import Role, Spot, expressions, translatable
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import plain
from gateway.menu.checks.worst import size
from gateway.menu.program import Place, Program, Text
from gateway.menu.words import DOMAIN

_LABEL = 24  # characters; the rule `long-label`
_SMS = 160  # septets of one message


@dataclass(slots=True)
class Message:
    """One entry of a domain's template.

    `limit` is how many characters the translation may have, its placeholders counted as they
    are written. `wordless`: it holds nothing but placeholders, so that hardly anybody needs to
    translate it.
    """

    msgid: str
    msgid_plural: str | None
    wordless: bool
    places: list[Place] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limit: int | None = None

    @property
    def braces(self) -> bool:
        return "{" in self.msgid or "{" in (self.msgid_plural or "")


Template = Mapping[str, tuple[Message, ...]]
"""Domain → its messages in the order of their places."""


def template(program: Program) -> Template:
    """Every text of `program` by domain; `site` and `gateway` are there even if empty."""
    survey = Survey(program)
    limits = _limits(survey)
    domains: dict[str, dict[str, Message]] = {
        name.replace("/", "."): {} for name in program.services
    }
    domains |= {"site": {}, DOMAIN: {}}
    for spot in survey.spots:
        text = spot.text
        messages = domains.setdefault(text.domain, {})
        message = messages.setdefault(
            normalize("NFC", text.source),
            Message(text.source, text.source_plural, not translatable(text)),
        )
        _add(message, spot, limits.get(text), list(_filled(survey, spot)))
    return {
        domain: tuple(sorted(messages.values(), key=lambda message: min(message.places)))
        for domain, messages in domains.items()
    }


def _add(message: Message, spot: Spot, limit: int | None, filled: Iterable[str]) -> None:
    if spot.text.place not in message.places:
        message.places = sorted([*message.places, spot.text.place])
    message.msgid_plural = message.msgid_plural or spot.text.source_plural
    for note in (_where(spot), *filled):
        if note and note not in message.notes:
            message.notes.append(note)
    if spot.role is Role.LABEL:
        limit = min(_LABEL, limit or _LABEL)
    if limit is not None:
        message.limit = limit if message.limit is None else min(limit, message.limit)


def _where(spot: Spot) -> str:
    if spot.role is Role.TYPE:
        return f"type {spot.name}"
    if spot.role is Role.SENDER:
        return f"agency {spot.name}: what its messages begin with"
    return spot.where


def _filled(survey: Survey, spot: Spot) -> Iterator[str]:
    """How long what stands in braces can be."""
    for shown, longest in _longest(survey, spot).items():
        yield f"{shown}: up to {longest} characters"


def _longest(survey: Survey, spot: Spot) -> dict[str, int]:
    site = survey.program.site
    values: dict[str, set[Definition]] = {}
    fields = None
    if spot.step is not None:
        values = survey.screens.values(spot.step)
    elif spot.message is not None:
        values, fields = survey.screens.values_of_message(spot.message), spot.message.data
    if spot.role is Role.ITEM:
        fields = survey.screens.fields(spot.step)
    found: dict[str, int] = {}
    for expression in expressions(spot.text, site.source):
        shown = f"{{{expression.source}}}"
        if shown in spot.text.source or shown in (spot.text.source_plural or ""):
            filled = survey.screens.worst.expression(
                expression, site.languages[site.source], Encoding.GSM7, values, fields or {}
            )
            found[shown] = len(filled)
    return found


def _limits(survey: Survey) -> dict[Text, int]:
    """The room that the rest of its screen leaves for each text, the least of all screens'."""
    site = survey.program.site
    budget = min(budgets(site))
    found: dict[Text, int] = {}
    for screen in survey.screens.all():
        whole = survey.screens.size(screen, site.source, Encoding.GSM7)
        for place, line in enumerate(screen.lines):
            room = budget - whole + _size(survey, screen, place)
            room += sum(
                len(shown) - longest
                for shown, longest in _longest(survey, _spot(screen, line)).items()
            )
            if room > 0:
                found[line.text] = min(room, found.get(line.text, room))
    for spot in survey.spots:
        if spot.role is Role.MESSAGE:
            longer = sum(len(shown) - longest for shown, longest in _longest(survey, spot).items())
            found[spot.text] = max(_SMS + longer - _lead(spot, site.source), 1)
    return found


def _lead(spot: Spot, language: str) -> int:
    """What the sender takes of the room."""
    if spot.message is None:
        return 0
    written, sent = (
        plain(text.variants[language].forms[0]) for text in (spot.text, spot.message.sent)
    )
    return len(sent) - len(written)


def _spot(screen: Screen, line: Line) -> Spot:
    role = Role.SAY if line.fields is None else Role.ITEM
    return Spot(line.text, role, screen.step.service, screen.step)


def _size(survey: Survey, screen: Screen, place: int) -> int:
    site = survey.program.site
    line = screen.lines[place]
    values = survey.screens.values(screen.step)
    filled = survey.screens.worst.text(line.text, site.source, Encoding.GSM7, values, line.fields)
    return size(filled, site.languages[site.source], Encoding.GSM7)
