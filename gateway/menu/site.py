"""`site.yaml`: what the engineer says about codes, languages, operators, agencies, back ends."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.events import Encoding
from gateway.menu.backends import BACKEND_KEYS, backends
from gateway.menu.codes import Code
from gateway.menu.dialling import Codes
from gateway.menu.names import plain
from gateway.menu.program import (
    Agency,
    AnswerType,
    Keys,
    Operator,
    Place,
    Queue,
    Site,
    SmsSettings,
)
from gateway.menu.shapes import (
    Fields,
    JsonSchema,
    Key,
    Listing,
    Named,
    One,
    OneOf,
    Record,
    Short,
    read_keys,
)
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar
from gateway.menu.types import BASES, ENGINEER_KEYS, named
from gateway.menu.values import ADDRESS, DURATION, STRING, TEXT, is_private, whole
from gateway.text.language import Language, State, language

SEPTETS = 182  # 160 octets of a USSD page, 3GPP TS 23.038 §5 and TS 23.090
UNITS = 80  # the same octets in UCS-2
_BUDGET = 160
_BUDGET_UCS2 = 70
SOURCE = "fr"

_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")
_KEY = re.compile(r"[0-9*#]{1,3}")


def _matching(pattern: re.Pattern[str], what: str, hint: str) -> One:
    def take(scalar: Scalar, sheet: Sheet) -> str | None:
        if pattern.fullmatch(scalar.text):
            return scalar.text
        sheet.error(scalar.place, Code.BAD_VALUE, f"« {scalar.text} » is not {what}", hint)
        return None

    return One(what, take)


def _timezone(scalar: Scalar, sheet: Sheet) -> str | None:
    try:
        zoneinfo.ZoneInfo(scalar.text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        sheet.unknown(
            scalar.place,
            Code.BAD_VALUE,
            "time zone",
            scalar.text,
            zoneinfo.available_timezones(),
        )
        return None
    return scalar.text


def _language_code(scalar: Scalar, sheet: Sheet) -> str | None:
    if _LANGUAGE_CODE.fullmatch(scalar.text):
        return scalar.text
    sheet.error(
        scalar.place,
        Code.BAD_NAME,
        f"« {scalar.text} » is not the code of a language",
        "write it as in fr, fon or yo_BJ",
    )
    return None


def _network(scalar: Scalar, sheet: Sheet) -> str | None:
    if re.fullmatch(r"[0-9]{3,10}", scalar.text):
        return scalar.text
    sheet.error(
        scalar.place,
        Code.BAD_NAME,
        f"« {scalar.text} » is not an operator's network code",
        'the provider sends digits, such as "61603"; the name stands behind name:',
    )
    return None


def _opened(scalar: Scalar, sheet: Sheet) -> str | None:
    return scalar.text if sheet.opens(scalar) else None


_KEY_SHAPE = _matching(_KEY, "a key to press", "one to three of 0-9, * and #")

_LANGUAGE_KEYS = (
    Key("name", STRING, "Le nom de la langue dans cette langue : Fɔngbè."),
    Key("state", OneOf(*State), "draft : offerte seulement avec GATEWAY_DRAFTS=1."),
    Key("sms", OneOf(*Encoding), "L'alphabet de ses SMS : gsm7 ou ucs2."),
)
_AGENCY_KEYS = (
    Key("name", STRING, "Le nom de l'administration.", required=True),
    Key("webhook", ADDRESS, "Où elle est prévenue : https://… ou env:NOM."),
)
_OPERATOR_KEYS = (
    Key("name", STRING, "Le nom de l'opérateur.", required=True),
    Key(
        "budget", whole("a budget", 20, SEPTETS), "Taille d'un écran, en septets (ou unités UCS-2)."
    ),
    Key("encoding", OneOf(*Encoding), "ucs2 après un essai sur un téléphone ; gsm7 sinon."),
)
_QUEUE_KEYS = (
    Key("title", TEXT, "Le titre de la file de rappels.", required=True),
    Key("promise", DURATION, "Le délai promis au citoyen : 48 h.", required=True),
)
_KEYS_KEYS = tuple(
    Key(name, _KEY_SHAPE, f"La touche de « {word} ».")
    for name, word in (
        ("back", "Retour"),
        ("home", "Accueil"),
        ("more", "Suite"),
        ("skip", "Passer"),
    )
)
_USSD_KEYS = (
    Key("budget", whole("a budget", 20, SEPTETS), "Septets d'un écran ; 160 si rien n'est dit."),
    Key(
        "operators",
        Named(Record(_OPERATOR_KEYS, "an operator"), _network, "a map of operators"),
        "Les opérateurs, par leur code de réseau.",
    ),
)
_WORDS = Listing(STRING, "a list of words")
_SMS_KEYS = (
    Key("sender", STRING, "Qui envoie les SMS : un numéro court ou un nom."),
    Key(
        "start",
        One("the name of a service", _opened),
        "Le service qu'ouvre un SMS que rien d'autre n'explique.",
    ),
    Key("stop", _WORDS, "Les mots qui arrêtent les messages."),
    Key("again", _WORDS, "Les mots qui les reprennent."),
    Key("help", _WORDS, "Les mots qui demandent de l'aide."),
    Key(
        "quiet",
        _matching(_QUIET, "hours such as 21:00-07:00", "HH:MM-HH:MM"),
        "Les heures sans SMS : 21:00-07:00.",
    ),
)

EARLY_KEYS = (
    Key(
        "source",
        _matching(_LANGUAGE_CODE, "the code of a language", "fr"),
        "La langue dans laquelle les menus sont écrits.",
    ),
    Key(
        "languages",
        Named(
            Short(STRING, Record(_LANGUAGE_KEYS, "a language")),
            _language_code,
            "a map of languages",
        ),
        "Les langues, dans l'ordre où elles sont proposées.",
    ),
)
"""What must be known before any text can be compiled."""

LATE_KEYS = (
    Key("country", _matching(_COUNTRY, "a country's code", "two letters: BJ"), "Le pays : BJ."),
    Key("timezone", One("a time zone", _timezone), "Le fuseau horaire : Africa/Porto-Novo."),
    Key(
        "agencies",
        Named(
            Short(STRING, Record(_AGENCY_KEYS, "an agency")),
            plain,
            "a map of agencies",
        ),
        "Les administrations.",
    ),
    Key("codes", Codes(), "Les codes à composer et le service que chacun ouvre."),
    Key("keys", Record(_KEYS_KEYS, "keys"), "Les touches de retour, d'accueil et de suite."),
    Key("ussd", Record(_USSD_KEYS, "ussd"), "La taille des écrans, par opérateur."),
    Key("sms", Record(_SMS_KEYS, "sms"), "Les SMS."),
    Key(
        "types",
        Named(Record(ENGINEER_KEYS, "a type"), plain, "a map of types"),
        "Les types de réponses propres au site.",
    ),
    Key(
        "callbacks",
        Named(Record(_QUEUE_KEYS, "a call-back queue"), plain, "a map of call-back queues"),
        "Les files de rappels.",
    ),
    Key(
        "backends",
        Named(Record(BACKEND_KEYS, "a back end"), plain, "a map of back ends"),
        "Les systèmes des administrations que les menus peuvent appeler.",
    ),
)

SITE_KEYS = EARLY_KEYS + LATE_KEYS


class _ReadEarlier:
    """Stands for a key that was read already, so that hints still know its name."""

    def read(self, node: Node, sheet: Sheet) -> bool:
        return True

    def schema(self) -> JsonSchema:
        return {}


_REMAINING_KEYS = (*(Key(key.name, _ReadEarlier(), "") for key in EARLY_KEYS), *LATE_KEYS)


def languages(fields: Fields, drafts: bool) -> tuple[str, dict[str, Language], tuple[str, ...]]:
    """The source's code, all languages by code in order, and those that are offered."""
    source: str = fields.get("source", SOURCE)
    said: Mapping[str, Any] = fields.get("languages", {})
    found: dict[str, Language] = {}
    for code, value in said.items():
        if isinstance(value, str):
            found[code] = language(code, value, source=source)
        else:
            state = value.get("state", State.READY)
            found[code] = language(code, value.get("name"), state, value.get("sms"), source)
    if source not in found:
        found = {source: language(source, source=source), **found}
    offered = tuple(
        code for code, known in found.items() if drafts or known.state is not State.DRAFT
    )
    return source, found, offered or (source,)


def read_site(node: Map, early: Fields, sheet: Sheet, drafts: bool) -> Site:
    """The site, without what is faulty in it; the findings tell."""
    fields = read_keys(node, _REMAINING_KEYS, sheet, "a site")
    source, all_languages, offered = languages(early, drafts)
    ussd: Mapping[str, Any] = fields.get("ussd", {})
    budget = ussd.get("budget", _BUDGET)
    callbacks: Mapping[str, Fields] = fields.get("callbacks", {})
    return Site(
        source=source,
        country=fields.get("country", "BJ"),
        timezone=fields.get("timezone", "Africa/Porto-Novo"),
        languages=all_languages,
        offered=offered,
        agencies=_agencies(fields.get("agencies", {}), node, sheet),
        codes=fields.get("codes", {}),
        keys=_keys(fields.get("keys"), sheet),
        budget=budget,
        operators=_operators(ussd.get("operators", {}), budget, sheet),
        sms=_sms(fields.get("sms"), sheet),
        types=_types(fields.get("types", {}), node, sheet),
        callbacks={name: _queue(name, said) for name, said in callbacks.items() if said.complete},
        backends=backends(fields.get("backends", {}), sheet),
        place=node.place,
        language_places=_places(node.get("languages")),
    )


def declared(node: Map) -> dict[str, frozenset[str] | None]:
    """The names in each section, sound or not: what refers to a faulty one isn't blamed.

    None for a section that isn't a map: nobody knows what it was meant to name.
    """
    names: dict[str, frozenset[str] | None] = {
        key.text: frozenset(name.text for name, _ in section.entries)
        if isinstance(section, Map)
        else None
        for key, section in node.entries
    }
    backends_node = node.get("backends")
    if backends_node is None or isinstance(backends_node, Map):
        names["operations"] = frozenset(_operations(backends_node))
    else:
        names["operations"] = None
    return names


def _operations(node: Map | None) -> Iterator[str]:
    for name, backend in node.entries if node is not None else ():
        operations = backend.get("operations") if isinstance(backend, Map) else None
        if isinstance(operations, Map):
            yield from (f"{name.text}.{key.text}" for key, _ in operations.entries)


def _agencies(said: Mapping[str, Any], node: Map, sheet: Sheet) -> dict[str, Agency]:
    places = _places(node.get("agencies"))
    found = {}
    for name, value in said.items():
        if isinstance(value, str):
            found[name] = Agency(name, value, None, places[name])
            continue
        webhook = value.get("webhook")
        if isinstance(webhook, str) and not is_private(webhook):
            message = "an address is https, unless it is this very machine"
            sheet.error(value.place("webhook"), Code.BAD_ADDRESS, message)
        found[name] = Agency(name, value["name"], webhook, places[name])
    return found


def _places(node: Node | None) -> Mapping[str, Place]:
    return {key.text: key.place for key, _ in node.entries} if isinstance(node, Map) else {}


def _keys(fields: Fields | None, sheet: Sheet) -> Keys:
    if fields is None:
        return Keys()
    keys = Keys(**fields)
    pressed = [keys.back, keys.home, keys.more, keys.skip]
    if len(set(pressed)) < len(pressed):
        sheet.error(fields.node.place, Code.BAD_VALUE, "two keys are the same")
    return keys


def _operators(said: Mapping[str, Fields], budget: int, sheet: Sheet) -> dict[str, Operator]:
    found = {}
    for network, fields in said.items():
        encoding = Encoding(fields.get("encoding", Encoding.GSM7))
        usual = min(budget, _BUDGET_UCS2) if encoding is Encoding.UCS2 else budget
        own = fields.get("budget", usual)
        if encoding is Encoding.UCS2 and own > UNITS:
            message = f"a UCS-2 screen has at most {UNITS} characters"
            sheet.error(fields.place("budget"), Code.BAD_VALUE, message)
        if "name" in fields:
            found[network] = Operator(network, fields["name"], encoding, own)
    return found


def _sms(fields: Fields | None, sheet: Sheet) -> SmsSettings:
    said: Mapping[str, Any] = fields if fields is not None else {}
    start = said.get("start")
    quiet = _QUIET.fullmatch(said.get("quiet", ""))
    if fields is not None and quiet and quiet.group(1, 2) == quiet.group(3, 4):
        sheet.error(
            fields.place("quiet"),
            Code.BAD_VALUE,
            "these hours end as they begin",
            "say until when, as in 21:00-07:00; leave `quiet` out to send at any hour",
        )
    return SmsSettings(
        sender=said.get("sender"),
        start=start,
        stop=said.get("stop", ()),
        again=said.get("again", ()),
        help=said.get("help", ()),
        quiet=(f"{quiet[1]}:{quiet[2]}", f"{quiet[3]}:{quiet[4]}") if quiet else None,
    )


def _types(said: Mapping[str, Fields], node: Map, sheet: Sheet) -> dict[str, AnswerType]:
    places = _places(node.get("types"))
    found = {}
    for name, fields in said.items():
        if name in BASES:
            sheet.error(
                places[name],
                Code.RESERVED_NAME,
                f"« {name} » already is a type; a type of the site needs another name",
            )
            continue
        type_ = named(fields, name, sheet)
        if type_ is not None:
            found[name] = type_
    return found


def _queue(name: str, fields: Fields) -> Queue:
    promise = fields.node.get("promise")
    return Queue(
        name=name,
        title=fields["title"],
        promise=fields["promise"],
        promise_text=promise.text.strip() if isinstance(promise, Scalar) else "",
        place=fields.node.place,
    )
