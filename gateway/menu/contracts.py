"""Contracts: what a back end's answer, or a message's data, holds and how long it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.names import EVERYWHERE, field_name
from gateway.menu.program import FieldType, Kind
from gateway.menu.shapes import SCALAR, JsonSchema, refuse
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar, Seq
from gateway.menu.texts import literal

KINDS: Mapping[str, FieldType] = {
    "number": FieldType(Kind.NUMBER, most=12),
    "date": FieldType(Kind.DATE, most=10),
    "money": FieldType(Kind.MONEY, most=12),
    "yes_no": FieldType(Kind.YES_NO, most=3),
}
UNSAID = FieldType(Kind.TEXT, most=20)
LONGEST = 500


class Contract:
    """Fields by name, or a bare list of names of twenty characters each."""

    def read(self, node: Node, sheet: Sheet) -> dict[str, FieldType] | None:
        if isinstance(node, Seq):
            return self._bare(node, sheet)
        if not isinstance(node, Map):
            refuse(node, sheet, "a map of fields, or a list of their names")
            return None
        fields: dict[str, FieldType] = {}
        for key, value in node.entries:
            name = field_name(key, sheet)
            field = _field(value, sheet)
            if name is not None and field is not None:
                fields[name] = field
        return fields

    def _bare(self, node: Seq, sheet: Sheet) -> dict[str, FieldType]:
        fields: dict[str, FieldType] = {}
        for item in node.items:
            if not isinstance(item, Scalar) or not item.text:
                refuse(item, sheet, "the name of a field")
                continue
            name = field_name(item, sheet)
            if name in fields:
                sheet.error(item.place, Code.DUPLICATE_KEY, f"« {name} » is already said above")
            elif name is not None:
                fields[name] = UNSAID
        return fields

    def schema(self) -> JsonSchema:
        field: JsonSchema = {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": LONGEST},
                {"type": "string", "pattern": "^[0-9]{1,3}$"},
                {"enum": list(KINDS)},
                {"type": "array", "items": dict(SCALAR), "minItems": 1},
            ]
        }
        return {
            "anyOf": [
                {"type": "object", "additionalProperties": field},
                {"type": "array", "items": {"type": "string"}},
            ]
        }


def _field(node: Node, sheet: Sheet) -> FieldType | None:
    if isinstance(node, Seq):
        return _one_of(node, sheet)
    if not isinstance(node, Scalar) or not node.text:
        refuse(node, sheet, "a greatest length, a kind or a list of values")
        return None
    kind = KINDS.get(node.text)
    if kind is not None:
        return kind
    if node.text.isascii() and node.text.isdigit() and 1 <= int(node.text[:9]) <= LONGEST:
        return FieldType(Kind.TEXT, most=int(node.text))
    sheet.error(
        node.place,
        Code.BAD_VALUE,
        f"« {node.text} » is neither a length from 1 to {LONGEST} nor a kind of value",
        nearest(node.text, KINDS) or f"the kinds are {', '.join(KINDS)}; or list the values",
    )
    return None


def _one_of(node: Seq, sheet: Sheet) -> FieldType | None:
    values: list[str] = []
    labels: dict[str, Any] = {}
    for item in node.items:
        if not isinstance(item, Scalar) or not item.text:
            refuse(item, sheet, "a value")
            return None
        if item.text not in values:
            values.append(item.text)
            labels[item.text] = sheet.wording.plain(sheet.domain, item.place, literal(item.text))
    if not values:
        sheet.error(node.place, Code.EMPTY_VALUE, "a list of values is empty")
        return None
    return FieldType(Kind.ONE_OF, most=max(map(len, values)), values=tuple(values), labels=labels)


class MessageData(Contract):
    """A contract whose names stand alone in a text, beside those that are known everywhere."""

    def read(self, node: Node, sheet: Sheet) -> dict[str, FieldType] | None:
        names = node.entries if isinstance(node, Map) else ()
        keys = [key for key, _ in names]
        for key in (*keys, *(node.items if isinstance(node, Seq) else ())):
            if isinstance(key, Scalar) and key.text in EVERYWHERE:
                sheet.error(
                    key.place,
                    Code.RESERVED_NAME,
                    f"« {key.text} » means something in every text",
                    f"take another name than {', '.join(sorted(EVERYWHERE))}",
                )
        return super().read(node, sheet)


CONTRACT = Contract()
DATA = MessageData()
