"""The steps of a part: each is one verb with its keys."""

from __future__ import annotations

import base64
import hashlib
from itertools import zip_longest

from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.program import Place, Step
from gateway.menu.shapes import read_keys, refuse, said
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar, Seq, raw
from gateway.menu.unseen import visible
from gateway.menu.verbs import Draft, Verb, registry

_VERBS = registry()


class Ids:
    """Gives each step its name for life: by what it says, not by where it stands."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, service: str, part: str, verb: str, source: str) -> str:
        """Eight characters. Steps that say the same are told apart by their rank."""
        rank = 0
        while True:
            said = "\0".join((service, part, verb, source, str(rank)))
            digest = hashlib.blake2b(said.encode(), digest_size=6).digest()
            name = base64.urlsafe_b64encode(digest).decode("ascii")
            if name not in self._given:
                self._given.add(name)
                return name
            rank += 1


def read_steps(part: str, node: Node, place: Place, sheet: Sheet, ids: Ids) -> tuple[Step, ...]:
    """The part's steps without those that are faulty; the findings tell."""
    if not isinstance(node, Seq):
        if isinstance(node, Scalar) and not node.text:
            sheet.error(place, Code.EMPTY_VALUE, f"the part « {part} » has no steps")
        elif isinstance(node, Map):
            sheet.error(
                node.place,
                Code.BAD_VALUE,
                "a list of steps is expected here",
                "begin each with « - »",
            )
        else:
            refuse(node, sheet, "a list of steps")
        return ()
    if not node.items:
        sheet.error(place, Code.EMPTY_VALUE, f"the part « {part} » has no steps")
    _rates(node, sheet)
    steps = []
    for index, item in enumerate(node.items):
        step = _step(part, index, item, sheet, ids)
        if step is not None:
            steps.append(step)
    return tuple(steps)


def _step(part: str, index: int, node: Node, sheet: Sheet, ids: Ids) -> Step | None:
    if not isinstance(node, Map):
        if isinstance(node, Scalar) and node.told:
            return None
        sheet.error(
            node.place,
            Code.UNKNOWN_VERB,
            f"« {said(node)} » is not a step",
            "a step begins with its verb: - say: Bonjour",
        )
        return None
    verb = _verb(node, sheet)
    if verb is None:
        return None
    fields = read_keys(node, verb.all_keys, sheet, f"« {verb.name} »")
    key = node.get("save")
    if key is None:
        key = node.get(verb.name)
    source = key.text.strip() if isinstance(key, Scalar) else raw(key) if key is not None else ""
    draft = Draft(
        id=ids.of(sheet.service, part, verb.name, source),
        service=sheet.service,
        part=part,
        index=index,
        place=node.place,
        when=fields.get("when"),
        fields=fields,
        sheet=sheet,
    )
    return verb.make(draft)


def _verb(node: Map, sheet: Sheet) -> Verb | None:
    found = [key for key, _ in node.entries if key.text in _VERBS]
    if len(found) == 1:
        return _VERBS[found[0].text]
    if not found:
        if any(
            visible(key.text) in _VERBS and sheet.invisible(key.place, key.text)
            for key, _ in node.entries
        ):
            return None
        first = node.entries[0][0] if node.entries else None
        word = first.text if first else ""
        sheet.error(
            first.place if first else node.place,
            Code.UNKNOWN_VERB,
            f"there is no verb « {word} »" if word else "a step needs a verb",
            nearest(word, _VERBS) or f"the verbs are {', '.join(_VERBS)}",
        )
        return None
    sheet.error(
        found[1].place,
        Code.SEVERAL_VERBS,
        f"« {found[0].text} » and « {found[1].text} » are two steps",
        f"begin the second with « - »: - {found[1].text}: …",
    )
    return None


def _rates(node: Seq, sheet: Sheet) -> None:
    for step, after in zip_longest(node.items, node.items[1:]):
        if not isinstance(step, Map) or step.get("rate") is None:
            continue
        ends = isinstance(after, Map) and after.get("end") is not None
        if not ends or (isinstance(after, Map) and after.get("when") is not None):
            sheet.error(
                step.place,
                Code.RATE_WITHOUT_END,
                "« rate » stands directly before an « end »",
                "the end's text is shown above the question; let it follow, without « when »",
            )
