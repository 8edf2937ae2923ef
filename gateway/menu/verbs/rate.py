"""`rate`: one to five, kept as feedback."""

from __future__ import annotations

from gateway.menu.program import Rate
from gateway.menu.shapes import Key
from gateway.menu.values import TEXT
from gateway.menu.verbs.verb import Draft, verb


@verb(
    "rate",
    TEXT,
    "Demande une note de 1 à 5, juste avant un end.",
    Key("comment", TEXT, "Une question posée après la note, pour un avis en quelques mots."),
)
def rate(draft: Draft) -> Rate | None:
    fields = draft.fields
    if not fields.complete:
        return None
    return draft.make(Rate, text=fields["rate"], comment=fields.get("comment"))
