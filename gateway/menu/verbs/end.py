"""`end`: the last screen."""

from __future__ import annotations

from gateway.menu.program import End
from gateway.menu.values import TEXT
from gateway.menu.verbs.verb import Draft, verb


@verb("end", TEXT, "Le dernier écran.")
def end(draft: Draft) -> End | None:
    return draft.make(End, text=draft.fields["end"]) if draft.fields.complete else None
