"""Call-backs and ratings handed over as rows: for a spreadsheet (CSV), or for a program (JSON
lines). They are read page by page, so that a year of them needs no more memory than a day."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TextIO
from zoneinfo import ZoneInfo

import msgspec

from gateway.centre import callbacks, feedback
from gateway.centre.callbacks import Callback
from gateway.events import CallbackState
from gateway.store import Rating, Store

AUDITED = "numbers-exported"
PAGE = 200  # records that are read at once

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet reckon, or so it may
_BOTH = (callbacks.OPEN, frozenset(CallbackState) - callbacks.OPEN)

CALLBACKS = (
    *("id", "state", "queue", "agency", "service", "language", "asked", "due", "changed", "tries"),
    *("holder", "details", "notes", "test"),
)
FEEDBACK = (
    *("id", "at", "agency", "service", "step", "score", "language", "channel", "operator"),
    "comment",
)

Value = str | int | bool | Mapping[str, str] | Sequence[str]
Row = Mapping[str, Value]


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


class Span(msgspec.Struct, frozen=True):
    """Seconds since the epoch: `since` belongs to it, `until` no longer does. Times are written
    in `zone`."""

    zone: ZoneInfo
    since: float = 0.0
    until: float = float("inf")

    def __contains__(self, seconds: float) -> bool:
        return self.since <= seconds < self.until

    def written(self, seconds: float) -> str:
        """ISO 8601, with the offset from UTC."""
        return datetime.fromtimestamp(seconds, self.zone).isoformat(timespec="seconds")


async def call_backs(
    store: Store,
    span: Span,
    *,
    agency: str | None = None,
    queue: str | None = None,
    numbers: bool = False,
) -> AsyncIterator[Row]:
    """Those that were asked for within `span`: open ones by their promise, then ended ones, newest
    first. With `numbers` the citizen's own is told in clear, and those among the details."""
    seen: set[str] = set()  # one that ends meanwhile is in both lists
    queues = None if queue is None else (queue,)
    for states in _BOTH:
        after = ""
        while True:
            page = await callbacks.listed(
                store, states=states, queues=queues, agency=agency, after=after, most=PAGE
            )
            for one in page.callbacks:
                if one.id not in seen and one.asked in span:
                    seen.add(one.id)
                    yield await _callback(store, one, span, numbers=numbers)
            after = page.next
            if not after:
                break


async def _callback(store: Store, one: Callback, span: Span, *, numbers: bool) -> Row:
    details = dict(one.details)
    row: dict[str, Value] = {
        "id": one.id,
        "state": one.state.value,
        "queue": one.queue,
        "agency": one.agency,
        "service": one.service,
        "language": one.language,
        "asked": span.written(one.asked),
        "due": span.written(one.due),
        "changed": span.written(one.changed),
        "tries": one.tries,
        "holder": one.holder,
        "details": details,
        "notes": [_note(note, span) for note in one.notes],
        "test": one.test,
    }
    if numbers:
        record = await store.callbacks.read(one.id)
        body = None if record is None else callbacks.opened(record)
        row["details"] = details if body is None else dict(body.details)
        row["phone"] = "" if body is None else body.phone
    return row


def _note(note: callbacks.Note, span: Span) -> str:
    said = f" : {note.text}" if note.text else ""
    return f"{span.written(note.at)} {note.by} {note.what}{said}"


async def ratings(
    store: Store, span: Span, *, agency: str | None = None, service: str | None = None
) -> AsyncIterator[Row]:
    """Those of `span`, newest first."""
    services, after = None if service is None else (service,), ""
    while True:
        page = await feedback.listed(
            store,
            agency=agency,
            services=services,
            since=int(span.since),
            after=after,
            most=PAGE,
        )
        for one in page.ratings:
            if one.at / 1000 in span:
                yield _rating(one, span)
        after = page.next
        if not after:
            return


def _rating(one: Rating, span: Span) -> Row:
    return {
        "id": one.id,
        "at": span.written(one.at / 1000),
        "agency": one.agency,
        "service": one.service,
        "step": one.step,
        "score": one.score,
        "language": one.language,
        "channel": one.channel,
        "operator": one.operator,
        "comment": one.comment,
    }


# ---- written -------------------------------------------------------------------------


async def write(rows: AsyncIterator[Row], columns: Sequence[str], form: Form, out: TextIO) -> int:
    """How many rows. `out` leaves line ends as they are. CSV is RFC 4180's, with a header; cells
    that a spreadsheet would take for a formula begin with an apostrophe."""
    count = 0
    table = csv.writer(out, lineterminator="\r\n")
    if form is Form.CSV:
        table.writerow(columns)
    async for row in rows:
        count += 1
        if form is Form.CSV:
            table.writerow([cell(row[name]) for name in columns])
        else:
            line = {name: row[name] for name in columns}
            out.write(msgspec.json.encode(line).decode() + "\n")
    return count


def cell(value: Value) -> str:
    """As it stands in a spreadsheet: lists and details a line each."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        text = "\n".join(f"{name}: {words}" for name, words in value.items())
    else:
        text = value if isinstance(value, str) else "\n".join(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
