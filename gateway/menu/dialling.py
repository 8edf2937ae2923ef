"""Codes that citizens dial: `*229*1#`, and the service that each opens."""

from __future__ import annotations

import re

from gateway.menu.codes import Code
from gateway.menu.shapes import JsonSchema, refuse
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar

_CODE = re.compile(r"\*\d{1,6}(?:\*\d{1,12})*#")


def segments(code: str) -> tuple[str, ...]:
    """`*229*1#` → `("229", "1")`."""
    return tuple(code.strip("*#").split("*"))


class Codes:
    """A map from codes to services."""

    def read(self, node: Node, sheet: Sheet) -> dict[str, str] | None:
        if not isinstance(node, Map):
            refuse(node, sheet, "a map from codes to services")
            return None
        found: dict[str, str] = {}
        for key, value in node.entries:
            if not _CODE.fullmatch(key.text):
                sheet.error(
                    key.place,
                    Code.BAD_CODE,
                    f"« {key.text} » is not a code that can be dialled",
                    'write it between quotes: "*229*1#"',
                )
                continue
            service = self._service(value, sheet)
            if service is not None:
                found[key.text] = service
        return found

    def _service(self, node: Node, sheet: Sheet) -> str | None:
        if not isinstance(node, Scalar) or not node.text:
            refuse(node, sheet, "the name of a service")
            return None
        return node.text if sheet.opens(node) else None

    def schema(self) -> JsonSchema:
        return {
            "type": "object",
            "patternProperties": {f"^{_CODE.pattern}$": {"type": "string"}},
            "additionalProperties": False,
        }
