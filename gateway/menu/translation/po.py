"""PO files as translators leave them: everything that stands in one is read and written again.

Babel reads them well for serving, but its writer drops Plural-Forms for languages that CLDR
doesn't know (2.18: Fon, Bariba, Dendi), every header of a translator's tool, and previous
texts. Here nothing is lost, and the same content always gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

from gateway.errors import CatalogueError

Key = tuple[str | None, str]
"""msgctxt and msgid, NFC."""

_KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d+)\])?)\s*(".*")')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_WIDTH = 78


@dataclass(slots=True)
class Entry:
    """One message. `comments` are translators', `notes` ours; `previous` lines without `#|`."""

    msgid: str
    msgid_plural: str | None = None
    context: str | None = None
    forms: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    previous: list[str] = field(default_factory=list)
    obsolete: bool = False

    @property
    def key(self) -> Key:
        return self.context, normalize("NFC", self.msgid)

    @property
    def fuzzy(self) -> bool:
        return "fuzzy" in self.flags

    @property
    def translated(self) -> bool:
        """Whether every form has a text, fuzzy or not."""
        return bool(self.forms) and all(form.strip() for form in self.forms)

    @property
    def touched(self) -> bool:
        """Whether a translator has left anything in it."""
        return bool(self.comments) or any(form.strip() for form in self.forms)


@dataclass(slots=True)
class Catalogue:
    """`headers` in their order; `comments` stand above them."""

    headers: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def by_key(self, *, obsolete: bool) -> dict[Key, Entry]:
        return {entry.key: entry for entry in self.entries if entry.obsolete is obsolete}


# ---- reading ---------------------------------------------------------------------------


def read(text: str, file: str) -> Catalogue:
    """Raises CatalogueError with `file` and the line of what isn't PO."""
    return _Reader(file).read(text)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.entry = Entry("")
        self.fields: dict[str, str] = {}
        self.current = ""
        self.obsolete = False

    def read(self, text: str) -> Catalogue:
        catalogue = Catalogue()
        for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
            line = raw.strip()
            if not line or (line.startswith("#") and not line.startswith("#~")):
                if "msgstr" in self.current:
                    self._finish(catalogue, number)
                self._comment(line)
                continue
            if line.startswith("#~"):
                line = line[2:].strip()
                if line.startswith("|"):
                    self._comment(f"#{line}")
                    continue
                self.obsolete = True
            self._content(catalogue, line, number)
        self._finish(catalogue, number)
        return catalogue

    def _comment(self, line: str) -> None:
        kind, rest = line[:2], line[2:].strip()
        entry = self.entry
        if kind == "#,":
            entry.flags += [flag.strip() for flag in rest.split(",") if flag.strip()]
        elif kind == "#:":
            entry.references += rest.split()
        elif kind == "#.":
            entry.notes.append(rest)
        elif kind == "#|":
            entry.previous.append(rest)
        elif line:
            entry.comments.append(line[1:].removeprefix(" "))

    def _content(self, catalogue: Catalogue, line: str, number: int) -> None:
        found = _KEYWORD.fullmatch(line)
        if found is not None:
            keyword = found[1]
            if keyword in ("msgctxt", "msgid") and "msgstr" in self.current:
                self._finish(catalogue, number)
            if keyword in self.fields:
                raise CatalogueError(self.file, number, f"{keyword} stands twice")
            self.current, text = keyword, found[3]
        elif line.startswith('"') and line.endswith('"') and len(line) > 1 and self.current:
            text = line
        else:
            raise CatalogueError(self.file, number, 'expected msgid, msgstr or a text in "quotes"')
        said = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text[1:-1])
        self.fields[self.current] = self.fields.get(self.current, "") + said

    def _finish(self, catalogue: Catalogue, number: int) -> None:
        entry, fields = self.entry, self.fields
        if not fields:
            return
        if "msgid" not in fields or not any(name.startswith("msgstr") for name in fields):
            raise CatalogueError(self.file, number, "an entry needs msgid and msgstr")
        entry.msgid = fields["msgid"]
        entry.msgid_plural = fields.get("msgid_plural")
        entry.context = fields.get("msgctxt")
        entry.obsolete = self.obsolete
        forms = [name for name in fields if name.startswith("msgstr")]
        entry.forms = [fields[name] for name in sorted(forms, key=_form_number)]
        if entry.msgid == "" and entry.context is None and not entry.obsolete:
            catalogue.headers = _headers(entry.forms[0])
            catalogue.comments = entry.comments
        else:
            catalogue.entries.append(entry)
        self.entry, self.fields, self.current, self.obsolete = Entry(""), {}, "", False


def _form_number(name: str) -> int:
    digits = name.removeprefix("msgstr").strip("[]")
    return int(digits) if digits else 0


def _headers(text: str) -> dict[str, str]:
    lines = [line.partition(":") for line in text.split("\n") if ":" in line]
    return {name.strip(): value.strip() for name, _, value in lines}


# ---- writing ---------------------------------------------------------------------------


def write(catalogue: Catalogue) -> str:
    """Texts and headers in NFC, one line for each line of a text; nothing depends on the day."""
    blocks = [_header_block(catalogue.headers, catalogue.comments)]
    blocks += [_block(entry) for entry in catalogue.entries]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _header_block(headers: Mapping[str, str], comments: Iterable[str]) -> list[str]:
    lines = [*(_hash("#", comment) for comment in comments), 'msgid ""', 'msgstr ""']
    return [*lines, *(_quoted(f"{name}: {value}\n") for name, value in headers.items())]


def _block(entry: Entry) -> list[str]:
    mark = "#~ " if entry.obsolete else ""
    lines = [_hash("#", comment) for comment in entry.comments]
    lines += [_hash("#.", note) for note in entry.notes]
    lines += _references(entry.references)
    if entry.flags:
        lines.append(f"#, {', '.join(entry.flags)}")
    lines += [f"#{'~' if entry.obsolete else ''}| {said}" for said in entry.previous]
    if entry.context is not None:
        lines += _said("msgctxt", entry.context, mark)
    lines += _said("msgid", entry.msgid, mark)
    if entry.msgid_plural is None:
        lines += _said("msgstr", entry.forms[0] if entry.forms else "", mark)
    else:
        lines += _said("msgid_plural", entry.msgid_plural, mark)
        for number, form in enumerate(entry.forms or [""]):
            lines += _said(f"msgstr[{number}]", form, mark)
    return lines


def _hash(mark: str, text: str) -> str:
    return f"{mark} {text}".rstrip()


def _references(references: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for reference in references:
        if lines and len(lines[-1]) + 1 + len(reference) <= _WIDTH:
            lines[-1] += f" {reference}"
        else:
            lines.append(f"#: {reference}")
    return lines


def said(keyword: str, text: str) -> list[str]:
    """`msgid "…"`, as many lines as the text has."""
    pieces = normalize("NFC", text).split("\n")
    lines = [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    if len(lines) <= 1:
        return [f"{keyword} {_quoted(lines[0] if lines else '')}"]
    return [f'{keyword} ""', *(_quoted(line) for line in lines)]


def _said(keyword: str, text: str, mark: str) -> list[str]:
    return [mark + line for line in said(keyword, text)]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'
