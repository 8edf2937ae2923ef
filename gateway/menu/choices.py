"""The numbered choices of a `menu`, and those that stand after a `list`'s records."""

from __future__ import annotations

from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.program import Choice, Target, Text
from gateway.menu.shapes import (
    SCALAR,
    Fields,
    JsonSchema,
    Key,
    is_counted,
    outline,
    read_keys,
    refuse,
)
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar, Seq
from gateway.menu.values import EXPRESSION, PLACE, STRING, TEXT

_KEYS = (
    Key("label", TEXT, "Les mots du choix, sans numéro.", required=True),
    Key("value", STRING, "Ce que save garde ; les mots du choix si rien n'est dit."),
    Key("go", PLACE, "Où aller ; sans go, on continue en dessous."),
    Key("when", EXPRESSION, "Le choix n'est montré que si c'est vrai."),
)
_LONG = frozenset(key.name for key in _KEYS)


class Choices:
    """A list of labels, `label: x` or `{label, value, go, when}`, mixed at will.

    What stays unread is the list itself: the meaning of the short form hangs on `save`.
    """

    def read(self, node: Node, sheet: Sheet) -> Seq | None:
        if isinstance(node, Seq) and node.items:
            return node
        refuse(node, sheet, "a list of choices")
        return None

    def schema(self) -> JsonSchema:
        short: JsonSchema = {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": dict(SCALAR),
            "not": {"required": ["label"]},
        }
        return {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [dict(SCALAR), outline(_KEYS), short]},
        }


CHOICES = Choices()


def choices(fields: Fields, sheet: Sheet) -> tuple[Choice, ...]:
    """The step's choices; faulty ones are left out."""
    if "choices" not in fields:
        return ()
    saves = any(key.text == "save" for key, _ in fields.node.entries)
    read = (_choice(item, saves, sheet) for item in fields["choices"].items)
    return tuple(choice for choice in read if choice is not None)


def _choice(node: Node, saves: bool, sheet: Sheet) -> Choice | None:
    if isinstance(node, Scalar):
        _warn_of_place(node, sheet)
        label = sheet.text(node)
        return None if label is None else _made(label, node, None, None)
    if isinstance(node, Seq) or not node.entries:
        refuse(node, sheet, "a choice")
        return None
    if is_counted(node):
        label = sheet.text(node)
        return None if label is None else _made(label, node, None, None)
    if node.get("label") is not None:
        return _long(node, sheet)
    if len(node.entries) == 1:
        return _short(*node.entries[0], saves, sheet)
    stray = next((key for key, _ in node.entries if key.text in _LONG), node.entries[1][0])
    if stray.text in _LONG:
        sheet.error(node.place, Code.MISSING_KEY, "a choice of several lines needs « label: »")
    else:
        hint = nearest(stray.text, _LONG) or "begin each choice with « - »"
        sheet.error(stray.place, Code.UNKNOWN_KEY, f"a choice has no key « {stray.text} »", hint)
    return None


def _short(key: Scalar, value: Node, saves: bool, sheet: Sheet) -> Choice | None:
    if isinstance(value, Scalar) and not value.text and value.plain:
        colon = key.source.place(key.source.text.find(":", key.end))
        sheet.error(
            colon,
            Code.YAML_COLON,
            f"nothing stands after « {key.text} : »",
            'say where it goes; if « : » belongs to the text, put it into quotes "…"',
        )
        return None
    if saves:
        kept = STRING.read(value, sheet)
        if isinstance(value, Scalar) and sheet.near(value.text):
            sheet.findings.warning(
                value.place,
                Code.PLACE_IN_WORDS,
                f"« {value.text} » is what « save » keeps: the choice doesn't lead there",
                f"to go there, write {{ label: {key.text.strip()}, go: {value.text} }}",
            )
        elif isinstance(value, Scalar):
            _warn_of_place(value, sheet)
        label = sheet.text(key)
        return None if label is None or kept is None else _made(label, key, kept, None)
    label, go = sheet.text(key), sheet.target(value)
    return None if label is None or go is None else _made(label, key, None, go)


def _warn_of_place(node: Scalar, sheet: Sheet) -> None:
    """`- Oui:home` is a label, since no space stands behind its « : »."""
    words, colon, place = node.text.rpartition(":")
    if colon and words.strip() and node.plain and sheet.goes(place, node.place):
        sheet.findings.warning(
            node.at(len(words)),
            Code.PLACE_IN_WORDS,
            f"« {node.text} » is taken as it stands: no space follows its « : »",
            f"to go to « {place} », write {{ label: {words}, go: {place} }}",
        )


def _long(node: Map, sheet: Sheet) -> Choice | None:
    fields = read_keys(node, _KEYS, sheet, "a choice")
    if "label" not in fields:
        return None
    return Choice(
        label=fields["label"],
        value=fields.get("value", fields["label"].source),
        go=fields.get("go"),
        when=fields.get("when"),
        place=node.place,
    )


def _made(label: Text, node: Node, value: str | None, go: Target | None) -> Choice:
    return Choice(
        label=label,
        value=label.source if value is None else value,
        go=go,
        when=None,
        place=node.place,
    )
