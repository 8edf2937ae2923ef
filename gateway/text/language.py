"""Languages as a site offers them, those that CLDR doesn't know included."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from gettext import c2py

from babel import Locale, UnknownLocaleError
from babel.messages.plurals import get_plural

from gateway.events import Encoding
from gateway.text.calendars import CALENDARS, Calendar


class State(StrEnum):
    READY = "ready"
    DRAFT = "draft"  # offered, and its fuzzy entries served, only where drafts are allowed


class Policy(StrEnum):
    """How a text loses what GSM-7 lacks."""

    KEEP = "keep"  # what GSM-7 has stays (French é è à ù), the rest loses its marks
    FLAT = "flat"  # tonal languages: all tones go, or none


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its words for dates, its plural rule, and how it fits a basic phone."""

    code: str  # "fr", "fon", "yo_BJ"
    name: str  # in itself: "Fɔngbè"
    state: State
    policy: Policy
    sms: Encoding  # what a text message in it is sent as
    plurals: int  # how many forms a catalogue holds
    plural_rule: str  # gettext expression, the Plural-Forms header's
    plural: Callable[[int], int]
    months: tuple[str, ...]  # January first
    days: tuple[str, ...]  # Monday first
    fallback: tuple[str, ...] = ()  # languages asked next, the source last
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the registry knows of a language before a site says anything."""

    name: str
    policy: Policy
    sms: Encoding
    plural: tuple[int, str]


# The plural rules are gettext's, the way translators' tools count. CLDR knows none for Fon; two
# forms are what its volunteers use on translatewiki.net and Weblate. No source names a rule for
# Bariba, Dendi, Aja and Gen: two forms until a linguist says otherwise. Yoruba has one (CLDR).
_ONE = (1, "0")
_NOT_ONE = (2, "n != 1")
_MORE_THAN_ONE = (2, "n > 1")

# Flattening merges 10 to 28 % of the word types of the tonal languages, so that what they send
# by SMS keeps its tones (UCS-2); it merges 0.7 % of the French ones and 2.7 % of the Hausa ones.
_REGISTRY: Mapping[str, _Facts] = {
    "fr": _Facts("Français", Policy.KEEP, Encoding.GSM7, _MORE_THAN_ONE),
    "en": _Facts("English", Policy.KEEP, Encoding.GSM7, _NOT_ONE),
    "ha": _Facts("Hausa", Policy.KEEP, Encoding.GSM7, _NOT_ONE),
    "fon": _Facts("Fɔngbè", Policy.FLAT, Encoding.UCS2, _NOT_ONE),
    "yo": _Facts("Yorùbá", Policy.FLAT, Encoding.UCS2, _ONE),
    "yo_BJ": _Facts("Èdè Yorùbá", Policy.FLAT, Encoding.UCS2, _ONE),
    "bba": _Facts("Baatɔnum", Policy.FLAT, Encoding.UCS2, _NOT_ONE),
    "ddn": _Facts("Dendi", Policy.FLAT, Encoding.UCS2, _NOT_ONE),
    "ajg": _Facts("Aja", Policy.FLAT, Encoding.UCS2, _NOT_ONE),
    "gej": _Facts("Gɛn", Policy.FLAT, Encoding.UCS2, _NOT_ONE),
    "ee": _Facts("Eʋegbe", Policy.FLAT, Encoding.UCS2, _NOT_ONE),
    "guw": _Facts("Gungbe", Policy.FLAT, Encoding.UCS2, _MORE_THAN_ONE),
}

# Benin spells Yoruba with ɛ ɔ sh where Nigeria writes ẹ ọ ṣ: French is nearer than the wrong
# spelling, so that yo_BJ never falls back on yo.
_OWN_SPELLING = frozenset({"yo_BJ"})

_FRENCH_WORDS = {"first_of_month": "1er"}


def language(
    code: str,
    name: str | None = None,
    state: str = "ready",
    sms: str | None = None,
    source: str = "fr",
) -> Language:
    """The language `code` (`fon`, `yo_BJ`), as a site offers it.

    `name`, `state` and `sms` are what the site says; without them the registry's autonym and
    encoding hold. A language that the registry lacks comes from CLDR; one that CLDR lacks too
    gets French dates, two plural forms, and is treated as tonal.

    `source` is the language the menus are written in: the last that is asked for a text.
    Raises ValueError for a `state` or an `sms` that there is not.
    """
    locale = _locale(code)
    base = code.partition("_")[0]
    facts = _REGISTRY.get(code) or _REGISTRY.get(base) or _facts(code, locale)
    calendar = CALENDARS.get(code) or CALENDARS.get(base) or _calendar(locale)
    forms, rule = facts.plural
    speaks_french_dates = calendar == _calendar(Locale("fr"))
    return Language(
        code=code,
        name=name or facts.name,
        state=State(state),
        policy=facts.policy,
        sms=Encoding(sms) if sms is not None else facts.sms,
        plurals=forms,
        plural_rule=rule,
        plural=c2py(rule),
        months=calendar.months,
        days=calendar.days,
        fallback=_fallback(code, base, source),
        words=_FRENCH_WORDS if speaks_french_dates else {},
    )


def _fallback(code: str, base: str, source: str) -> tuple[str, ...]:
    chain = [] if code in _OWN_SPELLING else [base]
    chain.append(source)
    return tuple(dict.fromkeys(asked for asked in chain if asked != code))


def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return None


def _calendar(locale: Locale | None) -> Calendar:
    known = locale or Locale("fr")
    months, days = known.months["format"]["wide"], known.days["format"]["wide"]
    return Calendar(
        tuple(months[month] for month in range(1, 13)), tuple(days[day] for day in range(7))
    )


def _facts(code: str, locale: Locale | None) -> _Facts:
    if locale is None:
        return _Facts(code, Policy.FLAT, Encoding.UCS2, _NOT_ONE)
    name = locale.get_display_name() or code
    forms, rule = get_plural(locale)[:2]
    bare = unicodedata.normalize("NFD", "".join(_calendar(locale).months))
    latin = all(letter.isascii() or unicodedata.combining(letter) for letter in bare)
    sms = Encoding.GSM7 if latin else Encoding.UCS2
    return _Facts(name[:1].upper() + name[1:], Policy.KEEP, sms, (forms, rule))
