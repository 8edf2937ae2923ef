"""`go`: leaves this part for another place."""

from __future__ import annotations

from gateway.menu.program import Go
from gateway.menu.values import PLACE
from gateway.menu.verbs.verb import Draft, verb


@verb("go", PLACE, "Quitte cette partie pour un autre endroit.")
def go(draft: Draft) -> Go | None:
    return draft.make(Go, target=draft.fields["go"]) if draft.fields.complete else None
