"""`call`: an operation of an agency's back end, and where to go when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from gateway.events import Outcome
from gateway.menu.backends import placeholders
from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.names import VARIABLE
from gateway.menu.operations import (
    ARGUMENTS,
    OPERATION,
    Arguments,
    operation,
    reaches,
    secret_travels_openly,
)
from gateway.menu.program import Call, Operation, Target
from gateway.menu.shapes import Fields, JsonSchema, Key
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node
from gateway.menu.verbs.verb import Draft, verb

_FAILURES = tuple(outcome for outcome in Outcome if outcome is not Outcome.OK)


class _Fails:
    """One place for all failures, or a map that holds at least `unavailable`."""

    def read(self, node: Node, sheet: Sheet) -> Mapping[Outcome, Target] | None:
        if not isinstance(node, Map):
            target = sheet.target(node, fails=True)
            return None if target is None else dict.fromkeys(_FAILURES, target)
        places: dict[str, Target | None] = {}
        meant: set[str] = set()
        for key, value in node.entries:
            if key.text not in _FAILURES:
                meant |= set(get_close_matches(key.text, _FAILURES, n=1))
                sheet.error(
                    key.place,
                    Code.UNKNOWN_KEY,
                    f"a call can't end with « {key.text} »",
                    nearest(key.text, _FAILURES) or f"it may end {', '.join(_FAILURES)}",
                )
                places[key.text] = None
                continue
            places[key.text] = sheet.target(value, fails=True)
        if Outcome.UNAVAILABLE not in places:
            if Outcome.UNAVAILABLE in meant:
                return None
            sheet.error(
                node.place,
                Code.MISSING_KEY,
                "« fails » needs « unavailable: »",
                "a back end can always be away; what fails doesn't name goes there too",
            )
            return None
        sound = {name: target for name, target in places.items() if target is not None}
        if len(sound) < len(places):
            return None
        rest = sound[Outcome.UNAVAILABLE]
        return {outcome: sound.get(outcome, rest) for outcome in _FAILURES}

    def schema(self) -> JsonSchema:
        place = {"$ref": "#/$defs/place"}
        ways: JsonSchema = {
            "type": "object",
            "properties": {str(outcome): place for outcome in _FAILURES},
            "required": ["unavailable"],
            "additionalProperties": False,
        }
        return {"anyOf": [place, ways]}


@verb(
    "call",
    OPERATION,
    "Appelle le système d'une administration : système.opération.",
    Key("with", ARGUMENTS, "Ce qui est envoyé : [npi, acte], ou nom: expression."),
    Key("save", VARIABLE, "La variable qui garde la réponse."),
    Key(
        "fails",
        _Fails(),
        "Où aller si l'appel échoue : un endroit, ou un par échec (unavailable au moins) ; "
        "again repose la question, continue passe outre.",
        required=True,
    ),
)
def call(draft: Draft) -> Call | None:
    fields, sheet = draft.fields, draft.sheet
    asked = operation(fields, "call", sheet)
    if not fields.complete or asked is None:
        return None
    arguments: Arguments = fields.get("with", ())
    secrets = frozenset(
        path[0] for _, sent in arguments for path in sent.reads if path[0] in sheet.pins
    )
    opened = [name for name, sent in arguments if any(path[0] in sheet.pins for path in sent.reads)]
    secret_travels_openly(asked, opened, fields.place("with"), sheet)
    if not _travels(asked, arguments, fields, sheet):
        return None
    return draft.make(
        Call,
        operation=asked,
        arguments=arguments,
        sends_phone=any(sent.reads == {("phone",)} and not sent.filters for _, sent in arguments),
        secrets=secrets,
        save=fields.get("save"),
        fails=fields["fails"],
    )


def _travels(asked: Operation, arguments: Arguments, fields: Fields, sheet: Sheet) -> bool:
    """Whether the path finds its variables, and no phone number comes into an address."""
    sent = {name for name, _ in arguments}
    place = fields.key_place("with") if "with" in fields else fields.place("call")
    sound = reaches(asked, sent, place, sheet)
    in_address = sent if asked.method in ("GET", "DELETE") else set(placeholders(asked.path))
    for name, expression in arguments:
        if name != "phone" and name in in_address and ("phone",) in expression.reads:
            sheet.error(
                expression.place,
                Code.PHONE_IN_ADDRESS,
                "the citizen's number never travels in an address",
                "name it phone: it then goes in the header Citizen-Phone",
            )
            sound = False
    return sound
