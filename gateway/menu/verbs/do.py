"""`do`: runs a part or a service and comes back."""

from __future__ import annotations

from gateway.menu.codes import Code
from gateway.menu.program import Do, Way
from gateway.menu.values import PLACE
from gateway.menu.verbs.verb import Draft, verb


@verb("do", PLACE, "Passe par une partie ou un service, puis revient ici.")
def do(draft: Draft) -> Do | None:
    if not draft.fields.complete:
        return None
    target = draft.fields["do"]
    if target.way is Way.HOME:
        draft.sheet.error(
            target.place,
            Code.BAD_VALUE,
            "home is a place to go, not one to come back from",
            "write go: home",
        )
        return None
    return draft.make(Do, target=target)
