"""`say`: a text above the next screen."""

from __future__ import annotations

from gateway.menu.program import Say
from gateway.menu.values import TEXT
from gateway.menu.verbs.verb import Draft, verb


@verb("say", TEXT, "Un texte montré au-dessus de l'écran suivant.")
def say(draft: Draft) -> Say | None:
    return draft.make(Say, text=draft.fields["say"]) if draft.fields.complete else None
