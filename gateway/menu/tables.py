"""`tables/NAME.csv`: UTF-8, commas, the first line names the fields. Cells are strings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from gateway.menu.codes import Code
from gateway.menu.findings import Findings
from gateway.menu.program import Place, Table


def read_table(name: str, file: str, text: str, findings: Findings) -> Table | None:
    """The table, or None with at least one finding."""
    place = Place(file, 1, 1)
    before = len(findings)
    lines = _lines(file, text.removeprefix("\ufeff"), findings)
    _, header = next(lines, (1, []))
    fields = tuple(cell.strip() for cell in header)
    if not _header_is_sound(fields, place, findings):
        return None
    rows = []
    for line, cells in lines:
        if len(cells) != len(fields):
            findings.error(
                Place(file, line, 1),
                Code.BAD_TABLE,
                f"cells here: {len(cells)}; fields in the first line: {len(fields)}",
                'a cell that holds a comma stands between quotes "…"',
            )
            continue
        rows.append(dict(zip(fields, (cell.strip() for cell in cells), strict=True)))
    if len(findings) > before:
        return None
    return Table(name, fields, tuple(rows), place)


def _lines(file: str, text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, each with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        findings.error(Place(file, line, 1), Code.BAD_TABLE, f"not a CSV: {error}")


def _header_is_sound(fields: tuple[str, ...], place: Place, findings: Findings) -> bool:
    if len(fields) == 1 and ";" in fields[0]:
        findings.error(
            place,
            Code.BAD_TABLE,
            "the fields are separated by « ; »",
            "separate them by commas: save the sheet as « CSV UTF-8, séparateur : virgule »",
        )
        return False
    for name in fields:
        if not name.isidentifier() or name.startswith("_"):
            findings.error(
                place,
                Code.BAD_TABLE,
                f"« {name} » in the first line is not the name of a field",
                "a name has letters, digits and « _ », and begins with a letter",
            )
            return False
    if len(set(fields)) < len(fields) or not fields:
        message = "two fields have the same name" if fields else "the first line names no field"
        findings.error(place, Code.BAD_TABLE, message)
        return False
    return True
