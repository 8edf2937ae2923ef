"""`menu`: numbered choices."""

from __future__ import annotations

from gateway.menu.choices import CHOICES, choices
from gateway.menu.names import VARIABLE
from gateway.menu.program import Menu
from gateway.menu.shapes import Key
from gateway.menu.values import TEXT
from gateway.menu.verbs.verb import Draft, verb


@verb(
    "menu",
    TEXT,
    "Un écran de choix numérotés. Les numéros ne s'écrivent pas.",
    Key(
        "choices",
        CHOICES,
        "Les choix. « Mots: endroit », ou avec save « Mots: valeur ».",
        required=True,
    ),
    Key("save", VARIABLE, "La variable qui garde la valeur du choix."),
    Key("error", TEXT, "Ce que voit le citoyen après une réponse fausse, à la place du texte."),
)
def menu(draft: Draft) -> Menu | None:
    fields = draft.fields
    found = choices(fields, draft.sheet)
    if not fields.complete or not found:
        return None
    return draft.make(
        Menu,
        text=fields["menu"],
        choices=found,
        save=fields.get("save"),
        error=fields.get("error"),
    )
