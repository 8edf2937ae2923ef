"""A service's file: its title, its flow, its messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from gateway.menu.codes import Code
from gateway.menu.contracts import DATA
from gateway.menu.messages import nearest_code
from gateway.menu.names import Known, part, plain
from gateway.menu.program import Do, Message, Place, Resume, Service, Step, Way
from gateway.menu.sending import VALID_FOR
from gateway.menu.shapes import (
    Fields,
    JsonSchema,
    Key,
    Listing,
    Named,
    OneOf,
    Record,
    Short,
    YesNo,
    read_keys,
    refuse,
)
from gateway.menu.sheet import Sheet
from gateway.menu.signature import signed
from gateway.menu.source import Map, Node, Seq
from gateway.menu.steps import Ids, read_steps
from gateway.menu.unseen import visible
from gateway.menu.values import DURATION, STRING, TEXT

_RESUME_FOR = timedelta(minutes=30)

MESSAGE_KEYS = (
    Key("data", DATA, "Ce que l'administration envoie avec le message, et sa longueur."),
    Key("text", TEXT, "Le texte du SMS.", required=True),
    Key("essential", YesNo(), "yes : envoyé même après STOP ; le site doit l'accepter."),
    Key("if_unsure", OneOf("resend", "hold"), "Un envoi au sort inconnu : resend ou hold."),
    Key("valid_for", DURATION, "Passé ce délai, il n'est plus envoyé ; sinon celui du site."),
    Key("any_hour", YesNo(), "yes : envoyé aussi la nuit."),
)


class _Flow:
    """Parts by name. They stay unread until every message and part is known."""

    def read(self, node: Node, sheet: Sheet) -> Map | None:
        if isinstance(node, Map) and node.entries:
            return node
        refuse(node, sheet, "a map of parts")
        return None

    def schema(self) -> JsonSchema:
        steps = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}
        return {"type": "object", "required": ["start"], "additionalProperties": steps}


SERVICE_KEYS = (
    Key("title", TEXT, "Le nom du service, tel que le citoyen le voit.", required=True),
    Key(
        "agency",
        Known("agencies", Code.UNKNOWN_AGENCY, "agency"),
        "L'administration responsable, une de site.yaml.",
    ),
    Key("keywords", Listing(STRING, "a list of words"), "Un SMS qui dit ce mot ouvre le service."),
    Key(
        "languages",
        Listing(Known("languages", Code.UNKNOWN_LANGUAGE, "language"), "a list of languages"),
        "Les langues de ce service, si ce ne sont pas toutes celles du site.",
    ),
    Key("resume", OneOf(*Resume), "Après une coupure : ask (demander), continue ou restart."),
    Key("resume_for", DURATION, "Pendant combien de temps on peut reprendre : 30 m."),
    Key("flow", _Flow(), "Les parties du service ; start est l'entrée."),
    Key(
        "messages",
        Named(
            Short(TEXT, Record(MESSAGE_KEYS, "a message")),
            plain,
            "a map of messages",
        ),
        "Les SMS de ce service.",
    ),
)


def read_service(root: Map, sheet: Sheet, pins: frozenset[str], ids: Ids) -> Service | None:
    """The service, without what is faulty in it; None where its title is.

    `pins` are those it or what it `do`es keeps; `sheet.pins` all that may be set here.
    """
    fields = read_keys(root, SERVICE_KEYS, sheet, "a service")
    sheet.agency = fields.get("agency")
    messages_node = root.get("messages")
    if isinstance(messages_node, Map):
        sheet.declared_messages = frozenset(key.text for key, _ in messages_node.entries)
    sheet.messages = _messages(fields.get("messages", {}), messages_node, sheet)
    parts = _parts(fields, sheet, ids)
    meant = (visible(key.text) for key, _ in root.entries)
    if not any(get_close_matches(key, ("flow", "messages"), n=1) for key in meant):
        sheet.error(root.place, Code.MISSING_KEY, "a service needs « flow: » or « messages: »")
    if "title" not in fields:
        return None
    steps = [step for steps in parts.values() for step in steps]
    return Service(
        name=sheet.service,
        title=fields["title"],
        agency=fields.get("agency", ""),
        place=root.place,
        keywords=fields.get("keywords", ()),
        keyword_places=_keyword_places(root.get("keywords")),
        languages=_languages(fields, sheet),
        resume=Resume(fields.get("resume", Resume.ASK)),
        resume_for=fields.get("resume_for", _RESUME_FOR),
        parts=parts,
        messages=sheet.messages,
        pins=pins,
        asks_language=any(_asks_language(step) for step in steps),
    )


def _keyword_places(node: Node | None) -> tuple[Place, ...]:
    """Where each stands; of a list with something faulty in it nothing is looked up."""
    return tuple(item.place for item in node.items) if isinstance(node, Seq) else ()


def _asks_language(step: Step) -> bool:
    return isinstance(step, Do) and step.target.way is Way.LANGUAGE


def _parts(fields: Fields, sheet: Sheet, ids: Ids) -> dict[str, tuple[Step, ...]]:
    flow: Map | None = fields.get("flow")
    if flow is None:
        return {}
    parts = {}
    for key, node in flow.entries:
        name = part(key, sheet)
        if key.text in sheet.outlook.services:
            sheet.error(
                key.place,
                Code.AMBIGUOUS_NAME,
                f"« {key.text} » is a part here and also a service",
                "give the part another name",
            )
        steps = read_steps(key.text, node, key.place, sheet, ids)
        if name is not None:
            parts[key.text] = steps
    if flow.get("start") is None:
        close = get_close_matches("start", [name.casefold() for name in parts], n=1)
        written = next((name for name in parts if name.casefold() in close), "")
        hint = f"write « {written} » as « start »" if written else ""
        sheet.error(flow.place, Code.MISSING_KEY, "a flow needs the part « start: »", hint)
    return parts


def _languages(fields: Fields, sheet: Sheet) -> tuple[str, ...]:
    offered = sheet.wording.offered
    own = fields.get("languages")
    found = offered if own is None else tuple(code for code in offered if code in own)
    return found or (sheet.wording.source,)


def _messages(said: Mapping[str, Any], node: Node | None, sheet: Sheet) -> dict[str, Message]:
    entries = node.entries if isinstance(node, Map) else []
    places = {key.text: key.place for key, _ in entries}
    site = sheet.site
    agency = site.agencies.get(sheet.agency or "") if site is not None else None
    found = {}
    for name, value in said.items():
        fields: Mapping[str, Any] = value if isinstance(value, Fields) else {"text": value}
        found[name] = Message(
            name=name,
            service=sheet.service,
            text=fields["text"],
            sent=signed(fields["text"], agency),
            place=places[name],
            ussd=nearest_code(site.codes, sheet.service) if site is not None else None,
            data=fields.get("data"),
            essential=fields.get("essential", False),
            resend_if_unsure=fields.get("if_unsure") == "resend",
            valid_for=fields.get("valid_for", site.sms.valid_for if site else VALID_FOR),
            any_hour=fields.get("any_hour", False),
        )
    return found
