"""A message as a phone gets it: filled in, fitted to its alphabet, and what it will cost.

What a step of a flow sends, what an agency sends and what a dry run counts all come from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gateway.events import Encoding, Json
from gateway.menu.message_data import typed
from gateway.menu.program import Message, Program, Scope, Site
from gateway.text.gsm7 import encodable
from gateway.text.language import Language
from gateway.text.segments import segment
from gateway.text.transliteration import fit

KNOWN = frozenset(("language", "today", "ussd"))
"""What a message with `data` knows beside it: no conversation stands behind it."""


@dataclass(frozen=True, slots=True)
class Written:
    """`text` fits `encoding`; `units` are its septets or UTF-16 units, `segments` its parts."""

    text: str
    encoding: Encoding
    units: int
    segments: int
    language: str  # the code it was written for


def find(program: Program, agency: str, name: str) -> Message | None:
    """The message that `agency` calls `etat-civil/statut_pret`; None where it may send no such.

    It may send those of its own services that have `data`.
    """
    service_name, _, message_name = name.rpartition("/")
    service = program.services.get(service_name)
    if service is None or service.agency != agency:
        return None
    message = service.messages.get(message_name)
    return message if message is not None and message.data is not None else None


def write(
    program: Program,
    message: Message,
    language: str | None,
    data: Mapping[str, Json],
    *,
    today: date,
) -> Written:
    """A message that an agency sends, with `data` in which `check_data` finds no fault.

    `language` is the citizen's; where there is none, or the message's service is not offered in
    it, the source language, or the first that the service has. `today` is the site's day.
    """
    spoken = language_of(program, message, language)
    declared = message.data or {}

    def label(name: str, value: object) -> str | None:
        text = declared[name].labels.get(str(value)) if name in declared else None
        return None if text is None else text.render(spoken.code, scope, gsm=False)

    values: dict[str, object] = {
        "language": spoken.code,
        "today": today.isoformat(),
        "ussd": code_of(program.site, message),
        **typed(message, data),
    }
    scope = Scope(values, spoken, label)
    return compose(program.site, message, scope)


def compose(site: Site, message: Message, scope: Scope) -> Written:
    """`message` in the scope's language, filled in from it and fitted.

    A text that needs nothing but GSM-7 is sent so in every language: no letter is lost, and a
    segment holds more than twice as much.
    """
    language = scope.language
    variant = message.sent.variants[language.code]
    policy = site.languages.get(variant.language, language).policy
    gsm = language.sms is Encoding.GSM7
    text = fit(message.sent.render(language.code, scope, gsm=gsm).strip(), language.sms, policy)
    cut = segment(text, Encoding.GSM7 if encodable(text) else language.sms)
    return Written(text, cut.encoding, cut.units, len(cut.parts), language.code)


def cost(site: Site, segments: int) -> Decimal | None:
    """Francs for so many segments; None where the site says no price."""
    return None if site.sms.price is None else site.sms.price * segments


def language_of(program: Program, message: Message, wanted: str | None) -> Language:
    """What a message is written in for somebody who reads `wanted`."""
    site = program.site
    offered = program.services[message.service].languages or site.offered
    if wanted is None or wanted not in offered:
        wanted = site.source if site.source in offered or not offered else offered[0]
    return site.languages[wanted]


def code_of(site: Site, message: Message, dialled: str | None = None) -> str | None:
    """What `{ussd}` says: the code that leads to its service, else the one that was dialled,
    else the site's shortest."""
    return message.ussd or dialled or min(site.codes, key=len, default=None)


def nearest_code(codes: Mapping[str, str], service: str) -> str | None:
    """The shortest code that opens `service`; for `travail/plainte` without one, `travail`'s."""
    while service:
        opening = [code for code, opened in codes.items() if opened == service]
        if opening:
            return min(opening, key=len)
        service = service.rpartition("/")[0]
    return None
