"""`ask`: one question."""

from __future__ import annotations

from gateway.menu.codes import Code
from gateway.menu.names import VARIABLE
from gateway.menu.operations import OPERATION, operation, reaches, secret_travels_openly
from gateway.menu.program import Ask
from gateway.menu.shapes import Key, YesNo
from gateway.menu.types import KEYS, answer_type, narrowed
from gateway.menu.values import STRING, TEXT
from gateway.menu.verbs.verb import Draft, verb


@verb(
    "ask",
    TEXT,
    "Une question, à laquelle le citoyen répond en tapant.",
    Key("save", VARIABLE, "La variable qui garde la réponse."),
    Key(
        "type",
        STRING,
        "text, name, digits, number, amount, date, phone, pin, ou un type de site.yaml.",
    ),
    *KEYS,
    Key("optional", YesNo(), "yes : le citoyen peut passer ; la variable reste vide."),
    Key("check", OPERATION, "L'opération qui juge la réponse, envoyée sous le nom answer."),
    Key("gives", VARIABLE, "La variable qui garde ce que check a répondu."),
)
def ask(draft: Draft) -> Ask | None:
    fields, sheet = draft.fields, draft.sheet
    base = answer_type(fields.get("type", "text"), fields.node.get("type"), sheet)
    if base is None:
        return None
    type_ = narrowed(base, fields, sheet)
    checked = operation(fields, "check", sheet)
    if "gives" in fields and "check" not in fields:
        sheet.error(
            fields.key_place("gives"),
            Code.MISPLACED_KEY,
            "« gives » keeps what « check » answers, and there is no check here",
        )
        return None
    if checked is not None:
        reaches(checked, {"answer"}, fields.place("check"), sheet)
    if checked is not None and base.base == "pin":
        secret_travels_openly(checked, ["answer"], fields.place("check"), sheet)
    if not fields.complete or type_ is None or ("check" in fields and checked is None):
        return None
    return draft.make(
        Ask,
        text=fields["ask"],
        type=type_,
        save=fields.get("save"),
        error=type_.error,
        optional=fields.get("optional", False),
        check=checked,
        gives=fields.get("gives"),
    )
