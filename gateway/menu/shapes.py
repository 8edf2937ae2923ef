"""What may stand behind a key. One declaration reads it, checks it and describes it to editors.

`read` gives the value, or None once a finding was made; `schema` is its JSON Schema, with the
French descriptions that editors show while an author types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from gateway.menu.codes import Code
from gateway.menu.findings import nearest
from gateway.menu.program import Place
from gateway.menu.source import Map, Node, Scalar, Seq, raw
from gateway.menu.unseen import visible

if TYPE_CHECKING:
    from gateway.menu.sheet import Sheet

JsonSchema = dict[str, Any]

SCALAR: JsonSchema = {"type": ["string", "number", "boolean"]}
"""Editors read `10` and `yes` as YAML does; for us every scalar is a string."""


class Shape(Protocol):
    def read(self, node: Node, sheet: Sheet) -> Any: ...

    def schema(self) -> JsonSchema: ...


COUNTED = ("one", "other", "count")
"""The keys of a text with a number in it."""


def is_counted(node: Map) -> bool:
    return any(key.text in COUNTED for key, _ in node.entries)


def refuse(node: Node, sheet: Sheet, what: str) -> None:
    """The finding that `node` is not `what`."""
    if isinstance(node, Scalar) and node.told:
        return
    if isinstance(node, Scalar) and not node.text:
        cut = node.cut()
        if cut is not None:
            comment_cuts(cut, sheet)
            return
        sheet.error(node.place, Code.EMPTY_VALUE, f"{what} is missing here")
        return
    found = "a list" if isinstance(node, Seq) else "a map"
    if not isinstance(node, Scalar) and not (node.items if isinstance(node, Seq) else node.entries):
        found = "an empty one"
    if isinstance(node, Scalar):
        found = f"« {_short(node.text)} »"
    sheet.error(node.place, Code.BAD_VALUE, f"{what} is expected here, not {found}")


def comment_cuts(place: Place, sheet: Sheet) -> None:
    sheet.error(
        place,
        Code.YAML_COMMENT,
        "« # » after a space begins a comment: the text would end before it",
        'put the text into quotes "…"; a comment has a line of its own, or two spaces before it',
    )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


@dataclass(frozen=True, slots=True)
class One:
    """A single scalar that `take` understands."""

    what: str
    take: Callable[[Scalar, Sheet], Any]
    outline: JsonSchema = field(default_factory=lambda: dict(SCALAR))

    def read(self, node: Node, sheet: Sheet) -> Any:
        if not isinstance(node, Scalar) or not node.text or node.told:
            refuse(node, sheet, self.what)
            return None
        return self.take(node, sheet)

    def schema(self) -> JsonSchema:
        return dict(self.outline)


class OneOf:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, node: Node, sheet: Sheet) -> str | None:
        if isinstance(node, Scalar) and node.text in self.words:
            return node.text
        if isinstance(node, Scalar) and node.text and not node.told:
            if sheet.invisible(node.place, node.text):
                return None
            sheet.error(
                node.place,
                Code.BAD_VALUE,
                f"« {_short(node.text)} » is not one of {', '.join(self.words)}",
                nearest(node.text, self.words),
            )
            return None
        refuse(node, sheet, f"one of {', '.join(self.words)}")
        return None

    def schema(self) -> JsonSchema:
        return {"enum": list(self.words)}


class YesNo:
    """`yes` or `no`."""

    def read(self, node: Node, sheet: Sheet) -> bool | None:
        if isinstance(node, Scalar) and node.text in ("yes", "no"):
            return node.text == "yes"
        if isinstance(node, Scalar) and node.text and not node.told:
            if sheet.invisible(node.place, node.text):
                return None
            meant = {"true": "yes", "oui": "yes", "on": "yes", "1": "yes"}
            meant |= {"false": "no", "non": "no", "off": "no", "0": "no"}
            word = meant.get(node.text.lower())
            hint = f"did you mean « {word} »?" if word else ""
            sheet.error(
                node.place, Code.BAD_VALUE, f"« {_short(node.text)} » is neither yes nor no", hint
            )
            return None
        refuse(node, sheet, "yes or no")
        return None

    def schema(self) -> JsonSchema:
        return {"enum": ["yes", "no", True, False]}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of likes. What is faulty in it is left out."""

    of: Shape
    what: str = "a list"
    least: int = 0

    def read(self, node: Node, sheet: Sheet) -> tuple[Any, ...] | None:
        if not isinstance(node, Seq):
            refuse(node, sheet, self.what)
            return None
        if len(node.items) < self.least:
            sheet.error(node.place, Code.EMPTY_VALUE, f"{self.what} is empty")
            return None
        values = (self.of.read(item, sheet) for item in node.items)
        return tuple(value for value in values if value is not None)

    def schema(self) -> JsonSchema:
        outline: JsonSchema = {"type": "array", "items": self.of.schema()}
        return outline | ({"minItems": self.least} if self.least else {})


@dataclass(frozen=True, slots=True)
class Named:
    """A map whose keys are the author's names. `name` checks a key and gives it as it counts."""

    of: Shape
    name: Callable[[Scalar, Sheet], str | None]
    what: str = "a map"

    def read(self, node: Node, sheet: Sheet) -> dict[str, Any] | None:
        if not isinstance(node, Map):
            refuse(node, sheet, self.what)
            return None
        values: dict[str, Any] = {}
        for key, value_node in node.entries:
            name = self.name(key, sheet)
            value = self.of.read(value_node, sheet)
            if name is not None and value is not None:
                values[name] = value
        return values

    def schema(self) -> JsonSchema:
        return {"type": "object", "additionalProperties": self.of.schema()}


@dataclass(frozen=True, slots=True)
class Key:
    """A key that means something here. `about` is what an editor shows, in French."""

    name: str
    shape: Shape
    about: str
    required: bool = False


class Fields(Mapping[str, Any]):
    """The values of a map's keys. Only what was said and is right is there.

    `complete` says that nothing required is missing and nothing said was wrong.
    """

    def __init__(self, node: Map, values: dict[str, Any], complete: bool) -> None:
        self.node = node
        self.complete = complete
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def place(self, name: str) -> Place:
        """Where the value of `name` stands, or the map if it isn't said."""
        node = self.node.get(name)
        return self.node.place if node is None else node.place

    def key_place(self, name: str) -> Place:
        for key, _ in self.node.entries:
            if key.text == name:
                return key.place
        return self.node.place


@dataclass(frozen=True, slots=True)
class Record:
    """A map of declared keys."""

    keys: tuple[Key, ...]
    what: str

    def read(self, node: Node, sheet: Sheet) -> Fields | None:
        if not isinstance(node, Map):
            refuse(node, sheet, self.what)
            return None
        return read_keys(node, self.keys, sheet, self.what)

    def schema(self) -> JsonSchema:
        return outline(self.keys)


def read_keys(node: Map, keys: Sequence[Key], sheet: Sheet, what: str) -> Fields:
    known = {key.name: key for key in keys}
    values: dict[str, Any] = {}
    complete = True
    meant = set()
    for name, value_node in node.entries:
        key = known.get(name.text)
        if key is None:
            complete = False
            if sheet.invisible(name.place, name.text):
                meant.add(visible(name.text))
                continue
            meant |= set(get_close_matches(name.text, known, n=1))
            hint = nearest(name.text, known) or f"{what} may have {', '.join(known)}"
            sheet.error(
                name.place, Code.UNKNOWN_KEY, f"{what} has no key « {_short(name.text)} »", hint
            )
            continue
        told = isinstance(value_node, Scalar) and value_node.told
        value = None if told else key.shape.read(value_node, sheet)
        if value is None:
            complete = False
        else:
            values[name.text] = value
    said = {name.text for name, _ in node.entries}
    for key in keys:
        if key.required and key.name not in said:
            complete = False
            if key.name in meant:
                continue  # told as a key that is written wrongly
            sheet.error(node.place, Code.MISSING_KEY, f"{what} needs « {key.name}: »")
    return Fields(node, values, complete)


def outline(keys: Sequence[Key]) -> JsonSchema:
    """The JSON Schema of a map of `keys`."""
    properties = {key.name: {**key.shape.schema(), "description": key.about} for key in keys}
    required = [key.name for key in keys if key.required]
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


@dataclass(frozen=True, slots=True)
class Short:
    """A short form, a scalar, or a long one, a map, which gives its `Fields`."""

    short: Shape
    long: Record

    def read(self, node: Node, sheet: Sheet) -> Any:
        if not isinstance(node, Map) or is_counted(node):
            return self.short.read(node, sheet)
        fields = self.long.read(node, sheet)
        return fields if fields is not None and fields.complete else None

    def schema(self) -> JsonSchema:
        return {"anyOf": [self.short.schema(), self.long.schema()]}


def said(node: Node) -> str:
    """What stands there, for a message about it."""
    return _short(node.text if isinstance(node, Scalar) else raw(node))
