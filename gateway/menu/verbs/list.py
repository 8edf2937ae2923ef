"""`list`: a choice among records, of a variable or of a table."""

from __future__ import annotations

import re

from gateway.menu.choices import CHOICES, choices
from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.names import FIELD, VARIABLE
from gateway.menu.program import Expression, List, Table, Target, Text
from gateway.menu.shapes import JsonSchema, Key, refuse
from gateway.menu.sheet import Sheet
from gateway.menu.source import Node, Scalar
from gateway.menu.values import EXPRESSION, TEXT
from gateway.menu.verbs.verb import Draft, verb

_PLACE = re.compile(r"[a-z0-9_#/-]+")


class Records:
    """A variable, or `tables/NAME.csv`."""

    def read(self, node: Node, sheet: Sheet) -> Expression | Table | None:
        if not isinstance(node, Scalar) or not node.text.startswith("tables/"):
            return sheet.expression(node)
        tables = sheet.outlook.tables
        name = node.text.removeprefix("tables/").removesuffix(".csv")
        if node.text == f"tables/{name}.csv" and name in tables:
            return tables[name]
        if name not in sheet.outlook.broken_tables:
            sheet.error(
                node.place,
                Code.UNKNOWN_TABLE,
                f"there is no table « {node.text} »",
                nearest(node.text, [f"tables/{known}.csv" for known in tables]),
            )
        return None

    def schema(self) -> JsonSchema:
        return {"type": "string"}


class Empty:
    """A text, or a place to go: a word of small letters without quotes is a place."""

    def read(self, node: Node, sheet: Sheet) -> Text | Target | None:
        if isinstance(node, Scalar):
            if not node.text:
                refuse(node, sheet, "a text or a place to go")
                return None
            if sheet.leads_somewhere(node) or (node.plain and _PLACE.fullmatch(node.text)):
                return sheet.target(node)
        return sheet.text(node)

    def schema(self) -> JsonSchema:
        return {"anyOf": [{"$ref": "#/$defs/place"}, {"$ref": "#/$defs/text"}]}


@verb(
    "list",
    Records(),
    "Un choix parmi des fiches : une variable, ou tables/NOM.csv.",
    Key("text", TEXT, "Le texte au-dessus de la liste.", required=True),
    Key("item", TEXT, "Une fiche dans la liste : {numero} {acte}.", required=True),
    Key("save", VARIABLE, "La variable qui garde la fiche choisie."),
    Key("value", FIELD, "Le champ que save garde, au lieu de la fiche."),
    Key("choices", CHOICES, "D'autres choix, après les fiches : Autre."),
    Key("error", TEXT, "Ce que voit le citoyen après une réponse fausse, à la place du texte."),
    Key("empty", Empty(), "Sans fiche : un texte, ou un endroit où aller."),
    Key("where", EXPRESSION, "Seules les fiches pour lesquelles c'est vrai sont montrées."),
    Key("search", TEXT, "Une question posée d'abord, pour quelques lettres."),
)
def list_(draft: Draft) -> List | None:
    fields, sheet = draft.fields, draft.sheet
    after = choices(fields, sheet)
    value = fields.get("value")
    if value is not None and "save" not in fields:
        sheet.error(
            fields.key_place("value"),
            Code.MISPLACED_KEY,
            "« value » says what « save » keeps, and there is no save here",
        )
        return None
    if not fields.complete:
        return None
    return draft.make(
        List,
        records=fields["list"],
        text=fields["text"],
        item=fields["item"],
        save=fields.get("save"),
        value=value,
        value_place=fields.place("value") if value is not None else None,
        choices=after,
        error=fields.get("error"),
        empty=fields.get("empty"),
        where=fields.get("where"),
        search=fields.get("search"),
    )
