"""Lists of messages as agencies have them: CSV of a spreadsheet, or JSON lines. Pure reading.

CSV is RFC 4180's, its first row the fields: `to`, `language`, `reference`, and those of the
message's `data`. Spreadsheets write it with `;` where the comma is the decimal sign, with a
byte-order mark, in UTF-16 or in Windows-1252.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from gateway.errors import ListRefused
from gateway.events import Json

MOST_ROWS = 20_000
MOST_BYTES = 10 * 1024 * 1024

_OWN = frozenset({"to", "language", "reference"})
_DAMAGED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One message. `number` is the row's as a spreadsheet counts, or the line's, from 1."""

    number: int
    to: str = field(repr=False)
    language: str | None
    reference: str = field(repr=False)
    data: Mapping[str, Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a place of the list; it never repeats what stands there."""

    row: int
    column: str
    code: str
    detail: str


@dataclass(slots=True)
class Listing:
    """Rows that could be read, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read(body: bytes, content_type: str) -> Listing:
    """Raises ListRefused for what is no list at all, or a longer one than MOST_ROWS."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/csv":
        listing = _csv(_decoded(body))
    elif kind in ("application/x-ndjson", "application/jsonl"):
        listing = _lines(body)
    else:
        raise ListRefused("unsupported-media-type", "text/csv or application/x-ndjson is expected")
    if not listing.rows and not listing.faults:
        raise ListRefused("empty", "there are no rows")
    return listing


def damaged(number: str) -> bool:
    """Whether a spreadsheet has made a quantity of a telephone number: `2,29E+11`."""
    return _DAMAGED.fullmatch(number.strip()) is not None


# ---- CSV -----------------------------------------------------------------------------


def _decoded(body: bytes) -> str:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")  # Excel's « Texte Unicode »
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")  # what Excel saves where nothing else is said


def _csv(text: str) -> Listing:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = _rows(text, delimiter)
    columns = [name.strip() for name in next(rows, [])]
    if "to" not in columns:
        raise ListRefused("no-header", "the first row must name the fields, « to » among them")
    if len(set(columns)) < len(columns):
        raise ListRefused("double-column", "two columns have the same name")
    listing = Listing()
    for number, cells in enumerate(rows, 2):
        if number - 1 > MOST_ROWS:
            raise ListRefused("too-many-rows", f"at most {MOST_ROWS} rows")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            wide = "more cells than the first row has fields"
            listing.faults.append(Fault(number, "", "too-many-cells", wide))
            continue
        # An empty cell is a field that is not there.
        given = {
            name: cell.strip()
            for name, cell in zip(columns, cells, strict=False)
            if name and cell.strip()
        }
        listing.rows.append(_row(number, given))
    return listing


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error:
        raise ListRefused(
            "bad-csv", "a quotation mark does not end, or stands amid a cell"
        ) from None


def _row(number: int, given: Mapping[str, str]) -> Row:
    return Row(
        number=number,
        to=given.get("to", ""),
        language=given.get("language"),
        reference=given.get("reference", ""),
        data={name: value for name, value in given.items() if name not in _OWN},
    )


# ---- JSON lines ----------------------------------------------------------------------


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    to: str
    data: dict[str, str | int | float | bool | None] = {}
    language: str | None = None
    reference: str = ""


_line = msgspec.json.Decoder(_Line)


def _lines(body: bytes) -> Listing:
    listing = Listing()
    for number, line in enumerate(body.removeprefix(codecs.BOM_UTF8).splitlines(), 1):
        if not line.strip():
            continue
        if number > MOST_ROWS:
            raise ListRefused("too-many-rows", f"at most {MOST_ROWS} lines")
        try:
            given = _line.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            what = "this line is no message: to, and perhaps data, language, reference"
            listing.faults.append(Fault(number, "", "bad-line", what))
            continue
        listing.rows.append(Row(number, given.to, given.language, given.reference, given.data))
    return listing
