"""The key `sms:` of `site.yaml`: who sends, in which hours, through whom, at what price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gateway.menu.codes import Code
from gateway.menu.names import plain
from gateway.menu.sending import BRAKE, RATE, VALID_FOR, Provider, SmsSettings
from gateway.menu.shapes import Fields, JsonSchema, Key, Listing, Named, One, Record, YesNo
from gateway.menu.sheet import Sheet
from gateway.menu.source import Node, Scalar, Seq
from gateway.menu.values import DURATION, STRING, matching, whole

_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")
_PRICE = re.compile(r"(\d{1,5}(?:[.,]\d{1,2})?)\s*F?")
_FASTEST = 1000
_MOST_BRAKE = 100


class _Providers:
    """A list of names, or a map with what is to be said of each. Gives them in their order."""

    def read(self, node: Node, sheet: Sheet) -> tuple[Provider, ...] | None:
        if isinstance(node, Seq):
            return self._listed(node, sheet)
        said = _BY_NAME.read(node, sheet)
        if said is None:
            return None
        return tuple(Provider(name, fields.get("rate", RATE)) for name, fields in said.items())

    def _listed(self, node: Seq, sheet: Sheet) -> tuple[Provider, ...]:
        found: dict[str, Provider] = {}
        for item in node.items:
            name = _NAME.read(item, sheet)
            if name in found:
                message = f"« {name} » is already said before"
                sheet.error(item.place, Code.DUPLICATE_KEY, message)
            elif name is not None:
                found[name] = Provider(name)
        return tuple(found.values())

    def schema(self) -> JsonSchema:
        names: JsonSchema = {"type": "array", "items": {"type": "string"}}
        return {"anyOf": [names, _BY_NAME.schema()]}


_PROVIDER_KEYS = (
    Key("rate", whole("a rate", 1, _FASTEST), "Segments par seconde ; 10 si rien n'est dit."),
)
_BY_NAME = Named(
    Record(_PROVIDER_KEYS, "a provider"), plain, "a list of providers, or a map of them"
)
_NAME = One("the name of a provider", plain)


def _opened(scalar: Scalar, sheet: Sheet) -> str | None:
    return scalar.text if sheet.opens(scalar) else None


def _price(scalar: Scalar, sheet: Sheet) -> Decimal | None:
    found = _PRICE.fullmatch(scalar.text)
    if found is not None:
        return Decimal(found[1].replace(",", "."))
    sheet.error(
        scalar.place,
        Code.BAD_VALUE,
        f"« {scalar.text} » is not a price",
        "what a segment costs, in francs: 12 F",
    )
    return None


_WORDS = Listing(STRING, "a list of words")
SMS_KEYS = (
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
        matching(_QUIET, "hours such as 21:00-07:00", "HH:MM-HH:MM"),
        "Les heures sans SMS : 21:00-07:00.",
    ),
    Key("essential", YesNo(), "yes : les messages essentiels partent même après STOP."),
    Key("providers", _Providers(), "Par qui les SMS partent, dans cet ordre : [africastalking]."),
    Key("valid_for", DURATION, "Passé ce délai, un message n'est plus envoyé ; 3 d sinon."),
    Key(
        "brake",
        whole("a number of times", 1, _MOST_BRAKE),
        "Combien de fois par heure un numéro reçoit le même texte ; 3 sinon.",
    ),
    Key("price", One("a price", _price), "Le prix d'un segment, en francs : 12 F."),
)


def sms_settings(fields: Fields | None, sheet: Sheet) -> SmsSettings:
    """What is said, and what holds where nothing is."""
    said: Mapping[str, Any] = fields if fields is not None else {}
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
        start=said.get("start"),
        stop=said.get("stop", ()),
        again=said.get("again", ()),
        help=said.get("help", ()),
        quiet=(f"{quiet[1]}:{quiet[2]}", f"{quiet[3]}:{quiet[4]}") if quiet else None,
        essential=said.get("essential", False),
        providers=said.get("providers", ()),
        valid_for=said.get("valid_for", VALID_FOR),
        brake=said.get("brake", BRAKE),
        price=said.get("price"),
    )
