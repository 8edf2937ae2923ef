"""`callback`: puts a request into a call-back queue of the site."""

from __future__ import annotations

from gateway.menu.codes import Code
from gateway.menu.names import Known
from gateway.menu.operations import ARGUMENTS
from gateway.menu.program import Callback
from gateway.menu.shapes import Key
from gateway.menu.verbs.verb import Draft, verb


@verb(
    "callback",
    Known("callbacks", Code.UNKNOWN_QUEUE, "call-back queue"),
    "Demande un rappel : le nom d'une file de site.yaml.",
    Key("with", ARGUMENTS, "Ce que l'agent verra : [nom, sujet], ou nom: expression."),
)
def callback(draft: Draft) -> Callback | None:
    fields, sheet = draft.fields, draft.sheet
    queues = sheet.site.callbacks if sheet.site is not None else {}
    queue = queues.get(fields.get("callback", ""))
    if not fields.complete or queue is None:
        return None
    return draft.make(Callback, queue=queue, details=fields.get("with", ()))
