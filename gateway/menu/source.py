"""YAML with places: our own nodes, built from the parser's events. Every scalar is a string.

Events are seven times faster than PyYAML's composed nodes, and keep what the nodes lose:
quotes, flow style, and where the raw text of a scalar stands.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gateway.menu.codes import Code
from gateway.menu.findings import Findings
from gateway.menu.program import Place
from gateway.menu.traps import Mended, explain
from gateway.menu.unseen import without_unseen

_loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml may be missing
_DEEPEST = 40
_MOST_MENDED = 200  # lines of one file; each costs a pass
# What YAML refuses, and the line breaks of YAML 1.1 that no editor counts as such.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)
_TAB = re.compile(r"^ *\t[ \t]*(?=[^ \t\r\n#])", re.MULTILINE)
_TAB_AFTER_DASH = re.compile(r"^ *(?:- +)*-[ ]*(\t)", re.MULTILINE)
_COMMENT = re.compile(r"([ \t]+)#(.?)")


class Source:
    """One file's text, and where its characters stand."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts: list[int] | None = None
        self.mended: dict[int, int] = {}  # line → column (from 1) of the quote we put there

    def place(self, offset: int) -> Place:
        if self._starts is None:
            self._starts = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", self.text))]
        line = bisect_right(self._starts, offset)
        column = offset - self._starts[line - 1] + 1
        if column > self.mended.get(line, column):
            column -= 1
        return Place(self.file, line, column)


@dataclass(slots=True, eq=False)
class Scalar:
    """`start` and `end` are offsets of its raw text, quotes included."""

    source: Source
    start: int
    end: int
    text: str
    style: str  # "" plain, or one of ' " | >; "?" for what can't be a key, "*" for an alias

    @property
    def place(self) -> Place:
        return self.source.place(self.start)

    @property
    def plain(self) -> bool:
        return self.style == ""

    @property
    def told(self) -> bool:
        """Whether it was told to be wrong whatever it is for: an alias."""
        return self.style == "*"

    def at(self, offset: int) -> Place:
        """Where the character `text[offset]` stands: found by counting its like in the raw text."""
        if offset >= len(self.text):
            return self.place
        raw = self.source.text[self.start : self.end]
        if self.plain and raw == self.text:
            return self.source.place(self.start + offset)
        before = self.text[: offset + 1].count(self.text[offset])
        position = 0 if self.plain else 1
        for _ in range(before):
            position = raw.find(self.text[offset], position) + 1
            if position == 0:
                return self.place
        return self.source.place(self.start + position - 1)

    def cut(self) -> Place | None:
        """The `#` that ended this unquoted scalar though it may have been meant.

        A comment that has two spaces before it and one after is surely one.
        """
        if not self.plain:
            return None
        found = _COMMENT.match(self.source.text, self.end)
        if found is None and not self.text and self.source.text[self.end : self.end + 1] == "#":
            return self.source.place(self.end)
        if found is None or (len(found[1]) > 1 and found[2] in ("", " ", "\t", "\r")):
            return None
        return self.source.place(found.end(1))


@dataclass(slots=True, eq=False)
class Map:
    source: Source
    start: int
    end: int
    flow: bool  # between braces
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.source.place(self.start)

    def get(self, name: str) -> Node | None:
        for key, value in self.entries:
            if key.text == name:
                return value
        return None


@dataclass(slots=True, eq=False)
class Seq:
    source: Source
    start: int
    end: int
    flow: bool  # between brackets
    items: list[Node] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.source.place(self.start)


Node = Scalar | Map | Seq


def raw(node: Node) -> str:
    """The node as it stands in the file, on one line."""
    return " ".join(node.source.text[node.start : node.end].split())


def parse(file: str, text: str, findings: Findings) -> Node | None:
    """The one document of `text`, or None with at least one finding.

    A line that YAML refuses for a known trap is quoted in memory and reading goes on, so that
    the faults below it are found too.
    """
    source = Source(file, text.removeprefix("\ufeff"))
    unseen = _UNSEEN.search(source.text)
    if unseen is not None:
        findings.error(
            source.place(unseen.start()),
            Code.BAD_CHARACTER,
            f"an invisible character, U+{ord(unseen[0]):04X}",
            "delete it; it often comes from copying out of another program",
        )
        return None
    source = Source(file, without_unseen(file, source.text, findings))
    before = len(findings)
    _tell_tabs(source, findings)
    for _ in range(_MOST_MENDED):
        try:
            events = list(yaml.parse(source.text, Loader=_loader))
        except yaml.MarkedYAMLError as error:
            if len(findings) > before and not source.mended:
                return None  # a tab is named already; what it breaks below is no news
            mended = explain(error, source.text)
            if mended.line not in source.mended:
                _report(source, mended, findings)
            if mended.replacement is None or mended.line in source.mended:
                return None
            source = _mend(source, mended)
        except yaml.YAMLError as error:
            findings.error(source.place(0), Code.YAML_SYNTAX, f"not YAML: {error}")
            return None
        else:
            return _Builder(source, findings).build(iter(events))
    return None


def _tell_tabs(source: Source, findings: Findings) -> None:
    for tab in _TAB.finditer(source.text):
        findings.error(
            source.place(source.text.index("\t", tab.start())),
            Code.YAML_TAB,
            "a tab in the indentation",
            "use spaces, two for each level",
        )
    for tab in _TAB_AFTER_DASH.finditer(source.text):
        findings.error(
            source.place(tab.start(1)), Code.YAML_TAB, "a tab after « - »", "use a space"
        )


def _report(source: Source, mended: Mended, findings: Findings) -> None:
    findings.error(
        Place(source.file, mended.line, mended.column), mended.code, mended.message, mended.hint
    )


def _mend(source: Source, mended: Mended) -> Source:
    lines = source.text.splitlines(keepends=True)
    old = lines[mended.line - 1]
    ending = old[len(old.rstrip("\r\n")) :]
    lines[mended.line - 1] = f"{mended.replacement}{ending}"
    fresh = Source(source.file, "".join(lines))
    fresh.mended = {**source.mended, mended.line: mended.quoted}
    return fresh


class _Builder:
    """Turns events into nodes, without recursion: a hostile nesting can't overflow the stack."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self.source = source
        self.findings = findings
        self.open: list[Map | Seq] = []
        self.keys: list[Scalar | None] = []  # of each open map, the key that waits for its value
        self.seen: list[set[str]] = []
        self.root: Node | None = None

    def build(self, events: Iterator[Any]) -> Node | None:
        documents = 0
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._put(self._scalar(event))
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                if len(self.open) >= _DEEPEST:
                    place = self.source.place(event.start_mark.index)
                    self.findings.error(place, Code.YAML_DEPTH, f"nested over {_DEEPEST} deep")
                    return None
                self._decorations(event)
                self._start(event, kind is yaml.MappingStartEvent)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._end(event)
            elif kind is yaml.AliasEvent:
                self._put(self._alias(event))
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.findings.error(
                        self.source.place(event.start_mark.index),
                        Code.YAML_DOCUMENTS,
                        "another document begins here",
                        "a file holds one; delete the « --- », or make it two files",
                    )
                    break
        return self.root

    def _scalar(self, event: Any) -> Scalar:
        text: str = event.value
        start: int = event.start_mark.index
        end: int = event.end_mark.index
        style = event.style or ""
        if style == ":":  # the pure Python parser's word for plain
            style = ""
        if event.tag is not None or event.anchor is not None:
            self._decorations(event)
            text, style = self.source.text[start:end], ""
        return Scalar(self.source, start, end, text, style)

    def _alias(self, event: Any) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        self.findings.error(
            self.source.place(start),
            Code.YAML_ALIAS,
            "a « * » at the beginning is an alias, which menus don't have",
            'if it belongs to the text, put the text into quotes "…"; to share steps, use do:',
        )
        return Scalar(self.source, start, end, self.source.text[start:end], "*")

    def _decorations(self, event: Any) -> None:
        place = self.source.place(event.start_mark.index)
        if event.anchor is not None:
            self.findings.error(
                place,
                Code.YAML_ANCHOR,
                "a « & » at the beginning is an anchor, which menus don't have",
                'if it belongs to the text, put the text into quotes "…"; to share steps, use do:',
            )
        if event.tag is not None:
            self.findings.error(
                place,
                Code.YAML_TAG,
                "a « ! » at the beginning is a tag, which menus don't have",
                'if it belongs to the text, put the text into quotes "…"',
            )

    def _start(self, event: Any, is_map: bool) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        node: Map | Seq
        if is_map:
            node = Map(self.source, start, end, bool(event.flow_style))
        else:
            node = Seq(self.source, start, end, bool(event.flow_style))
        self._put(node)
        self.open.append(node)
        self.keys.append(None)
        self.seen.append(set())

    def _end(self, event: Any) -> None:
        node = self.open.pop()
        node.end = max(node.end, event.end_mark.index if node.flow else node.end)
        self.keys.pop()
        self.seen.pop()

    def _put(self, node: Node) -> None:
        if not self.open:
            self.root = self.root or node
            return
        parent = self.open[-1]
        if isinstance(parent, Seq):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is None:
            self.keys[-1] = node if isinstance(node, Scalar) else self._no_key(node)
            return
        self.keys[-1] = None
        if key.text in self.seen[-1] and key.style != "?":
            self.findings.error(
                key.place,
                Code.DUPLICATE_KEY,
                f"« {key.text} » is already said above",
                "keep one of them",
            )
            return
        self.seen[-1].add(key.text)
        parent.entries.append((key, node))

    def _no_key(self, node: Map | Seq) -> Scalar:
        first = "{" if isinstance(node, Map) else "["
        self.findings.error(
            node.place,
            Code.YAML_BRACE if first == "{" else Code.YAML_BRACKET,
            f"a key can't begin with « {first} »",
            'if it belongs to the text, put the text into quotes "…"',
        )
        return Scalar(self.source, node.start, node.end, f"{first}…", "?")
