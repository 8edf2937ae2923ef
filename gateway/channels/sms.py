"""SMS: what carries a page, which messages are no answers, and what those are told.

3GPP TS 23.040 §9.2.3.24.1: two concatenated parts hold 2 × 153 septets or 2 × 67 units of 16 bits.
A page takes at most that; what fits one message goes as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gateway.engine.matching import clean, folded
from gateway.events import Bearer, Channel, Encoding
from gateway.menu.messages import nearest_code
from gateway.menu.program import Program, Scope
from gateway.text.gsm7 import encodable
from gateway.text.transliteration import fit

BUDGETS: Mapping[Encoding, int] = {Encoding.GSM7: 306, Encoding.UCS2: 134}
"""Septets or units of two concatenated parts."""


_LONGEST_CASE = 80  # characters of a message that leaves a case


class Word(StrEnum):
    """What a whole message may ask for, whatever is open."""

    STOP = "stop"
    AGAIN = "again"
    HELP = "help"


def bearers(program: Program, network: str | None) -> Mapping[Encoding, Bearer]:
    """What a page must fit, by the encoding of her language. `network`: the operator's code."""
    operator = program.site.operators.get(network or "")
    name = "" if operator is None else operator.name
    return {
        encoding: Bearer(Channel.SMS, encoding, budget, name)
        for encoding, budget in BUDGETS.items()
    }


def encoding(page: str) -> Encoding:
    """What a fitted page is sent as: a letter that needs UCS-2 more than doubles its price."""
    return Encoding.GSM7 if encodable(page) else Encoding.UCS2


def word(program: Program, text: str) -> Word | None:
    """The stop, start-again or help word that a whole message is, blind to accents and case."""
    sms = program.site.sms
    said = folded(clean(text)) if len(text) < 100 else ""
    for meaning, words in (
        (Word.STOP, sms.stop),
        (Word.AGAIN, sms.again),
        (Word.HELP, sms.help),
    ):
        if said and said in map(folded, words):
            return meaning
    return None


def left_case(program: Program, text: str) -> str | None:
    """What stands behind a stop word, as in « ARRET EC-1042 »: perhaps a case that she no longer
    wants to follow."""
    first, _, rest = clean(text[:_LONGEST_CASE]).partition(" ")
    stops = folded(first) in map(folded, program.site.sms.stop)
    return rest.strip() or None if stops else None


def reply(program: Program, meaning: Word, *, language: str | None, to: str) -> str:
    """What that word is answered, in one message. `to`: the short code that it was sent to."""
    sms = program.site.sms
    sender = {"sender": sms.sender or to}
    match meaning:
        case Word.STOP:
            told = said(program, language, "stopped", sender)
            if sms.again:
                told += " " + said(program, language, "stopped_again", {"again": sms.again[0]})
            return told
        case Word.AGAIN:
            return said(program, language, "started", sender)
    codes = program.site.codes
    code = nearest_code(codes, sms.start or "") or min(codes, key=len, default="")
    menu = _capitals(said(program, language, "menu"))
    told = said(program, language, "help", {**sender, "menu": menu, "ussd": code})
    if sms.stop:
        told += " " + said(program, language, "help_stop", {"stop": sms.stop[0]})
    return told


def said(
    program: Program, language: str | None, key: str, values: Mapping[str, object] | None = None
) -> str:
    """A sentence of `gateway.menu.words` in `language`, or the site's source language."""
    site = program.site
    code = language if language in site.offered else site.source
    spoken = site.languages[code]
    gsm = spoken.sms is Encoding.GSM7
    text = program.words[key].render(code, Scope(values or {}, spoken), gsm=gsm)
    return fit(text.strip(), spoken.sms, spoken.policy)


def _capitals(text: str) -> str:
    """GSM-7 has è and no È: a word keeps its small letters where its capitals are not to be had."""
    capitals = text.upper()
    return capitals if encodable(capitals) or not encodable(text) else text
