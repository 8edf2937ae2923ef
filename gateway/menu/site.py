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
from gateway.menu.keypad import Keys
from gateway.menu.names import plain
from gateway.menu.program import (
    Agency,
    AnswerType,
    EnvRef,
    Operator,
    Place,
    Queue,
    Site,
)
from gateway.menu.shapes import (
    Fields,
    JsonSchema,
    Key,
    Named,
    One,
    OneOf,
    Record,
    Short,
    read_keys,
)
from gateway.menu.sheet import Sheet
from gateway.menu.sms import SMS_KEYS, sms_settings
from gateway.menu.source import Map, Node, Scalar
from gateway.menu.texts import literal
from gateway.menu.types import BASES, ENGINEER_KEYS, named
from gateway.menu.values import (
    ADDRESS,
    DURATION,
    SECRET,
    STRING,
    TEXT,
    is_private,
    matching,
    whole,
)
from gateway.text.language import Language, State, language

SEPTETS = 182  # 160 octets of a USSD page, 3GPP TS 23.038 §5 and TS 23.090
UNITS = 80  # the same octets in UCS-2
_BUDGET = 160
_BUDGET_UCS2 = 70
SOURCE = "fr"

_LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_KEY = re.compile(r"[0-9*#]{1,3}")


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


_KEY_SHAPE = matching(_KEY, "a key to press", "one to three of 0-9, * and #")

_LANGUAGE_KEYS = (
    Key("name", STRING, "Le nom de la langue dans cette langue : Fɔngbè."),
    Key("state", OneOf(*State), "draft : offerte seulement avec GATEWAY_DRAFTS=1."),
    Key("sms", OneOf(*Encoding), "L'alphabet de ses SMS : gsm7 ou ucs2."),
)
_AGENCY_KEYS = (
    Key("name", STRING, "Le nom de l'administration.", required=True),
    Key("short", STRING, "Son nom court, en tête de ses SMS ; `name` si rien n'est dit."),
    Key("webhook", ADDRESS, "Où elle est prévenue : https://… ou env:NOM."),
    Key(
        "webhook_secret",
        SECRET,
        "Ce qui signe ces avis : env:NOM ; env:ANIP_WEBHOOK_SECRET, pour anip, si rien n'est dit.",
    ),
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

EARLY_KEYS = (
    Key(
        "source",
        matching(_LANGUAGE_CODE, "the code of a language", "fr"),
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
    Key("country", matching(_COUNTRY, "a country's code", "two letters: BJ"), "Le pays : BJ."),
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
    Key("sms", Record(SMS_KEYS, "sms"), "Les SMS."),
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
        sms=sms_settings(fields.get("sms"), sheet),
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
        fields = value if isinstance(value, Fields) else None
        title = value if fields is None else fields["name"]
        short = title if fields is None else fields.get("short", title)
        webhook, secret = _webhook(name, fields, places[name], sheet)
        sender = sheet.wording.plain("site", places[name], literal(short))
        found[name] = Agency(name, title, webhook, places[name], sender, secret)
    return found


def _webhook(
    name: str, fields: Fields | None, place: Place, sheet: Sheet
) -> tuple[str | EnvRef | None, EnvRef | None]:
    """Where an agency is told of its messages, and what signs that: never one without the other."""
    if fields is None:
        return None, None
    webhook, secret = fields.get("webhook"), fields.get("webhook_secret")
    if webhook is None:
        if secret is not None:
            message = "`webhook_secret` signs nothing without a `webhook`"
            sheet.error(fields.key_place("webhook_secret"), Code.MISPLACED_KEY, message)
        return None, None
    if isinstance(webhook, str) and not is_private(webhook):
        message = "an address is https, unless it is this very machine"
        sheet.error(fields.place("webhook"), Code.BAD_ADDRESS, message)
    if secret is None and "webhook_secret" not in {key.text for key, _ in fields.node.entries}:
        usual = f"{name.upper().replace('-', '_')}_WEBHOOK_SECRET"
        if usual.isascii() and not usual[0].isdigit():
            return webhook, EnvRef(usual, place)
        message = "a `webhook` is signed: say with what, as in webhook_secret: env:NAME"
        sheet.error(fields.key_place("webhook"), Code.MISSING_KEY, message)
    return webhook, secret


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
