"""`follow`: from now on this phone gets the status messages of a case."""

from __future__ import annotations

from gateway.menu.codes import Code
from gateway.menu.program import Follow
from gateway.menu.values import EXPRESSION
from gateway.menu.verbs.verb import Draft, verb


@verb("follow", EXPRESSION, "Ce téléphone recevra les nouvelles de ce dossier.")
def follow(draft: Draft) -> Follow | None:
    fields, sheet = draft.fields, draft.sheet
    if not fields.complete:
        return None
    if sheet.agency is None:
        sheet.error(
            fields.key_place("follow"),
            Code.MISSING_KEY,
            "a case belongs to an agency, and this service has none",
            "write agency: at the top of the file",
        )
        return None
    return draft.make(Follow, reference=fields["follow"])
