"""`sms`: sends one of the service's messages to the citizen."""

from __future__ import annotations

from gateway.menu.codes import Code
from gateway.menu.program import Sms
from gateway.menu.shapes import SCALAR, JsonSchema, refuse
from gateway.menu.sheet import Sheet
from gateway.menu.source import Node, Scalar
from gateway.menu.verbs.verb import Draft, verb


class _MessageName:
    def read(self, node: Node, sheet: Sheet) -> str | None:
        if not isinstance(node, Scalar) or not node.text:
            refuse(node, sheet, "the name of a message")
            return None
        if node.text in sheet.declared_messages:
            return node.text
        sheet.unknown(
            node.place, Code.UNKNOWN_MESSAGE, "message", node.text, sheet.declared_messages
        )
        return None

    def schema(self) -> JsonSchema:
        return dict(SCALAR)


@verb("sms", _MessageName(), "Envoie au citoyen un des messages de ce fichier.")
def sms(draft: Draft) -> Sms | None:
    message = draft.sheet.messages.get(draft.fields.get("sms", ""))
    if not draft.fields.complete or message is None:
        return None
    return draft.make(Sms, message=message)
