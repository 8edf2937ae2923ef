"""`switch`: the first condition that holds decides."""

from __future__ import annotations

from difflib import get_close_matches

from gateway.menu.codes import Code
from gateway.menu.program import Expression, Switch, Target
from gateway.menu.shapes import JsonSchema, Key, outline, read_keys, refuse
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Seq
from gateway.menu.unseen import visible
from gateway.menu.values import EXPRESSION, PLACE
from gateway.menu.verbs.verb import Draft, verb

_CASE = (
    Key("when", EXPRESSION, "La condition.", required=True),
    Key("go", PLACE, "Où aller si elle est vraie.", required=True),
)
_ELSE = (Key("else", PLACE, "Où aller sinon.", required=True),)

Cases = tuple[tuple[tuple[Expression, Target], ...], Target]


class _Cases:
    def read(self, node: Node, sheet: Sheet) -> Cases | None:
        if not isinstance(node, Seq) or not node.items:
            refuse(node, sheet, "a list of cases")
            return None
        cases: list[tuple[Expression, Target]] = []
        otherwise: Target | None = None
        closed = False
        for item in node.items:
            if not isinstance(item, Map):
                refuse(item, sheet, "a case: when and go, or else")
                continue
            if closed:
                message = "nothing is reached after « else »"
                sheet.error(item.place, Code.MISPLACED_KEY, message, "put the else last")
                continue
            closed = item.get("else") is not None or _means_else(item)
            fields = read_keys(item, _ELSE if closed else _CASE, sheet, "a case")
            if closed:
                otherwise = fields.get("else")
            elif fields.complete:
                cases.append((fields["when"], fields["go"]))
        if not closed:
            sheet.error(
                node.items[-1].place,
                Code.MISSING_KEY,
                "a switch needs « else: »",
                "add a last case: - else: place",
            )
        elif len(node.items) == 1:
            sheet.error(
                node.items[0].place,
                Code.MISSING_KEY,
                "a switch needs a case with « when: » before its « else: »",
                "to go there whatever happens, write go: place",
            )
        return None if otherwise is None or not cases else (tuple(cases), otherwise)

    def schema(self) -> JsonSchema:
        return {
            "type": "array",
            "minItems": 2,
            "items": {"anyOf": [outline(_CASE), outline(_ELSE)]},
        }


def _means_else(item: Map) -> bool:
    return len(item.entries) == 1 and bool(
        get_close_matches(visible(item.entries[0][0].text), ("else",), n=1)
    )


@verb("switch", _Cases(), "Le premier when qui est vrai décide ; else à la fin.")
def switch(draft: Draft) -> Switch | None:
    if not draft.fields.complete:
        return None
    cases, otherwise = draft.fields["switch"]
    return draft.make(Switch, cases=cases, otherwise=otherwise)
