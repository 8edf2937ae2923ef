"""`confirm`: 1 yes, 2 no."""

from __future__ import annotations

from gateway.menu.program import Confirm
from gateway.menu.shapes import Key
from gateway.menu.values import PLACE, TEXT
from gateway.menu.verbs.verb import Draft, verb


@verb(
    "confirm",
    TEXT,
    "Demande oui ou non.",
    Key("cancel", PLACE, "Où aller après un non ; sans cancel, retour à l'écran d'avant."),
)
def confirm(draft: Draft) -> Confirm | None:
    fields = draft.fields
    if not fields.complete:
        return None
    return draft.make(Confirm, text=fields["confirm"], cancel=fields.get("cancel"))
