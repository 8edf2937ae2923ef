"""Translators' PO files, read directly: no compiled file stands between them and a citizen.

What is served is decided here: an empty entry never, a fuzzy one only for a draft language where
drafts are allowed, and not if it was made for another text. The fallback chain is given by who
asks, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from gettext import c2py
from itertools import islice
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, PoFileParser

from gateway.errors import CatalogueError
from gateway.text.language import language as registered

GSM_CONTEXT = "gsm"
"""The msgctxt of a translator's own wording for a phone that has only GSM-7."""

_LINE = re.compile(
    r'(?:(?:msgctxt|msgid|msgid_plural|msgstr(?:\[[0-9]\])?)[ \t]+)?"(?:[^"\\]|\\.)*"'
)
_PLURAL_FORMS = re.compile(r'"Plural-Forms:[ ]*nplurals[ ]*=[ ]*[1-9][ ]*;')
_UNWANTED = ('"POT-Creation-Date:', '"PO-Revision-Date:', '"Language:')
_COUNTS = (*range(201), 1000, 1001, 1_000_000)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of one language. `forms` are the plural forms in order, or the only form.

    `line` is where its msgid stands in `file`, counted from 1.
    """

    language: str
    msgid: str
    msgid_plural: str | None
    context: str | None
    forms: tuple[str, ...]
    plural: Callable[[int], int]  # count → index into the plural forms
    fuzzy: bool
    file: str
    line: int
    flags: frozenset[str] = frozenset()
    stale: bool = False  # made for another source text, which stands beside it (`#| msgid`)
    form_lines: tuple[int, ...] = ()  # where the msgstr of each form stands

    @property
    def empty(self) -> bool:
        """Whether it, or one of its forms, has not been translated."""
        return not all(form.strip() for form in self.forms)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """One PO file; obsolete entries are left out. `plurals` forms, chosen by `plural`."""

    file: str
    language: str
    plurals: int
    plural_rule: str
    plural: Callable[[int], int]
    entries: Mapping[tuple[str | None, str], Entry]  # by context and NFC msgid

    def get(self, msgid: str, context: str | None = None) -> Entry | None:
        """The entry for `msgid`, served or not."""
        return self.entries.get((context, unicodedata.normalize("NFC", msgid)))


_Id = str | list[str] | tuple[str, ...]


class _Repeated(Exception):
    """An entry that the file already has."""


class _Strict(Catalog):
    """Babel keeps the first of two entries and says nothing: translators lose work that way."""

    def __setitem__(self, id: _Id, message: Message) -> None:
        if id and self.get(message.id, message.context) is not None:
            raise _Repeated(message.lineno)
        super().__setitem__(id, message)


def read(path: Path) -> Catalogue:
    """Read a PO file. The language is its folder's: `<language>/LC_MESSAGES/<domain>.po`.

    The header's Plural-Forms decides on plurals; a file without it gets our registry's, because
    Babel's own tables lack Fon and give Yoruba two forms. Raises CatalogueError for a file that
    cannot be read, is not UTF-8 or not PO, or whose plural rule does not work.
    """
    code = path.parent.parent.name.replace("-", "_")
    file = str(path)
    lines = _lines(path)
    line = _check_header(file, lines)
    known = registered(code)
    # No locale is given: Babel takes its own tables for those that it knows.
    catalog = _Strict(charset="utf-8")
    catalog.mime_headers = [
        ("Plural-Forms", f"nplurals={known.plurals}; plural={known.plural_rule};")
    ]
    try:
        PoFileParser(catalog, ignore_obsolete=True, abort_invalid=True).parse(_parseable(lines))
    except PoFileError as error:
        reason = str(error).rpartition(" on ")[0]  # Babel counts lines from 0 there
        raise CatalogueError(file, error.lineno + 1, reason) from None
    except _Repeated as error:
        raise CatalogueError(file, error.args[0], "this entry stands twice") from None
    except ValueError as error:  # a header out of place
        raise CatalogueError(file, 1, f"this is not a PO file ({error})") from None
    plural = _plural(file, line, catalog.num_plurals, catalog.plural_expr)
    entries = {
        (entry.context, unicodedata.normalize("NFC", entry.msgid)): entry
        for entry in _entries(catalog, code, plural, file, lines)
    }
    return Catalogue(file, code, catalog.num_plurals, catalog.plural_expr, plural, entries)


def _lines(path: Path) -> list[str]:
    file = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogueError(file, 1, f"cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise CatalogueError(file, number, "not UTF-8: save the file as UTF-8") from None
    lines = [line.strip() for line in text.split("\n")]
    for number, line in enumerate(lines, start=1):
        if line and line[0] != "#" and _LINE.fullmatch(line) is None:
            raise CatalogueError(file, number, 'expected msgid, msgstr or a text in "quotes"')
    return lines


def _parseable(lines: Sequence[str]) -> list[str]:
    """Without what Babel refuses a whole file for though nobody needs it here.

    In the header: a date that a template left open, a language that is no locale of CLDR.
    Elsewhere: the former msgid of an obsolete entry, which msgmerge writes as `#~|`.
    """
    kept = ["" if line.startswith("#~|") else line for line in lines]
    begins = [number for number, line in enumerate(kept) if line.startswith("msgid ")]
    if begins and kept[begins[0]] == 'msgid ""':
        for number in range(begins[0], begins[1] if len(begins) > 1 else len(kept)):
            if kept[number].startswith(_UNWANTED):
                kept[number] = '""'
    return kept


def _check_header(file: str, lines: Sequence[str]) -> int:
    """The line of Plural-Forms, or 1. What msginit leaves to be filled in is told in our words."""
    for number, line in enumerate(lines, start=1):
        if line.startswith('"Plural-Forms:'):
            if _PLURAL_FORMS.match(line) is None:
                raise CatalogueError(file, number, "Plural-Forms needs nplurals=…; plural=…;")
            return number
    return 1


def _plural(file: str, line: int, forms: int, rule: str) -> Callable[[int], int]:
    try:
        plural: Callable[[int], int] = c2py(rule)
        sound = all(0 <= plural(count) < forms for count in _COUNTS)
    except (ValueError, ZeroDivisionError, RecursionError):
        sound = False
    if not sound:
        reason = f"Plural-Forms does not work: nplurals={forms}; plural={rule}"
        raise CatalogueError(file, line, reason)
    return plural


def _entries(
    catalog: Catalog,
    language: str,
    plural: Callable[[int], int],
    file: str,
    lines: Sequence[str],
) -> Iterator[Entry]:
    for message in catalog:
        if not message.id:
            continue
        ids, forms = _several(message.id), _several(message.string)
        yield Entry(
            language=language,
            msgid=ids[0],
            msgid_plural=ids[1] if len(ids) > 1 else None,
            context=message.context,
            forms=forms,
            plural=plural,
            fuzzy=message.fuzzy,
            file=file,
            line=message.lineno or 1,
            flags=frozenset(message.flags),
            stale=any(comment.startswith("| msg") for comment in message.user_comments),
            form_lines=_form_lines(lines, message.lineno or 1, len(forms)),
        )


def _form_lines(lines: Sequence[str], begins: int, forms: int) -> tuple[int, ...]:
    """The lines, counted from 1, of the first `forms` msgstr from line `begins` on."""
    found = (
        number for number in range(begins, len(lines) + 1) if lines[number - 1].startswith("msgstr")
    )
    return tuple(islice(found, forms))


def _several(text: object) -> tuple[str, ...]:
    """Babel has a string for one form and a sequence for several."""
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


class Catalogues:
    """All catalogues of a deployment: `<folder>/<language>/LC_MESSAGES/<domain>.po`.

    A later folder overrides an earlier one entry by entry, where its entry can be served.
    `drafts` allows the fuzzy entries of `draft_languages`; of a ready language never.
    Files that cannot be read are left out and told in `errors`.
    """

    def __init__(
        self, folders: Sequence[Path], drafts: bool, draft_languages: Collection[str] = ()
    ) -> None:
        self._fuzzy = frozenset(draft_languages) if drafts else frozenset()
        self._read: dict[tuple[str, str], list[Catalogue]] = {}
        errors: list[CatalogueError] = []
        for folder in folders:
            for path in sorted(folder.glob("*/LC_MESSAGES/*.po")):
                try:
                    catalogue = read(path)
                except CatalogueError as error:
                    errors.append(error)
                    continue
                self._read.setdefault((catalogue.language, path.stem), []).insert(0, catalogue)
        self.errors = tuple(errors)

    def find(
        self, languages: Sequence[str], domain: str, msgid: str, context: str | None = None
    ) -> Entry | None:
        """The first of `languages` that has a text to serve for `msgid`, or None."""
        for language in languages:
            for catalogue in self._read.get((language, domain), ()):
                entry = catalogue.get(msgid, context)
                if entry is not None and self._serves(entry):
                    return entry
        return None

    def catalogues(self) -> tuple[Catalogue, ...]:
        """Every file that was read, for those who check what translators wrote."""
        return tuple(catalogue for found in self._read.values() for catalogue in found)

    def _serves(self, entry: Entry) -> bool:
        if entry.fuzzy and (entry.stale or entry.language not in self._fuzzy):
            return False
        return not entry.empty
