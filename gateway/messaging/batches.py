"""Many messages of one template at once: measured first, then accepted piece by piece.

A batch lies in the store as a job, its rows sealed in pieces; the id of each message is made of
the batch and the row, so a piece that is done again changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import structlog

from gateway.errors import MessageRefused
from gateway.events import MessageState
from gateway.menu.library import Library
from gateway.menu.messages import cost
from gateway.menu.program import Program
from gateway.messaging.acceptance import KeyKind, Prepared, Wanted, accept, prepare
from gateway.messaging.rows import Fault, Listing, Row, damaged
from gateway.store import Store

KIND = "batch"
PIECE = 200  # rows
DAY = 86_400

_FILED = "list "  # before a list's fingerprint, among an agency's references
_AT_ONCE = 50  # rows that are worked on before others get their turn

_log = structlog.get_logger("gateway.messaging")


@dataclass(slots=True)
class Measured:
    """A list held against its template. `rewritten` are (row, the number it became)."""

    rows: int = 0
    ready: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rewritten: list[tuple[int, str]] = field(default_factory=list)
    doubles: list[int] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    worst: int = 0  # segments of the longest
    cost: Decimal | None = None  # francs, where the site says a price


class Piece(msgspec.Struct, array_like=True, frozen=True):
    """Rows to be accepted: number, to, language, reference, data."""

    rows: list[tuple[int, str, str | None, str, dict[str, str | int | float | bool | None]]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Piece)


async def measure(
    store: Store,
    program: Program,
    agency: str,
    template: str,
    listing: Listing,
    kind: KeyKind,
    *,
    team: frozenset[str] = frozenset(),
) -> Measured:
    """Everything that can be said before anything is kept. Raises StoreError."""
    found = Measured(rows=len(listing.rows), faults=list(listing.faults))
    seen: set[bytes | None] = set()
    for at in range(0, len(listing.rows), _AT_ONCE):
        some = listing.rows[at : at + _AT_ONCE]
        results = await asyncio.gather(
            *(_prepared(store, program, agency, template, row, kind, team=team) for row in some)
        )
        for row, result in zip(some, results, strict=True):
            _count(found, row, result, seen)
        await asyncio.sleep(0)  # citizens are answered in between
    found.faults.sort(key=lambda fault: fault.row)
    found.cost = cost(program.site, found.segments)
    return found


def _count(
    found: Measured, row: Row, result: Prepared | list[Fault], seen: set[bytes | None]
) -> None:
    if isinstance(result, list):
        found.faults += result
        return
    found.ready.append(row)
    if result.draft.alike in seen:  # as the duplicate brake has it: number and text
        found.doubles.append(row.number)
    seen.add(result.draft.alike)
    found.languages[result.language] += 1
    found.segments += result.draft.segments
    found.worst = max(found.worst, result.draft.segments)
    if result.rewritten is not None:
        found.rewritten.append((row.number, result.rewritten))


async def _prepared(
    store: Store,
    program: Program,
    agency: str,
    template: str,
    row: Row,
    kind: KeyKind,
    *identity: bytes | str,
    team: frozenset[str] = frozenset(),
) -> Prepared | list[Fault]:
    if damaged(row.to):
        what = "a spreadsheet has shortened this number: make its column text, and write it again"
        return [Fault(row.number, "to", "damaged-number", what)]
    wanted = Wanted(
        template=template,
        to=row.to,
        data=row.data,
        language=row.language,
        reference=row.reference,
    )
    try:
        return await prepare(store, program, agency, wanted, kind, *identity, team=team)
    except MessageRefused as refused:
        return [
            Fault(row.number, column.removeprefix("data."), code, detail)
            for column, code, detail in refused.faults
        ]


# ---- accepted ------------------------------------------------------------------------


def fingerprint(
    agency: str, template: str, kind: KeyKind, body: bytes, team: Sequence[str] = ()
) -> str:
    """Tells one list from another, for one that is brought twice. `team`: to whom alone it goes."""
    digest = hashlib.sha256()
    whose = " ".join([kind.value, *sorted(team)])
    for part in (agency.encode(), template.encode(), whose.encode(), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def named(store: Store, agency: str, *identity: str) -> str:
    """A batch's id."""
    shard = store.names.shard(store.names.digest("batch", agency, *identity))
    return store.names.message_id(shard, "batch", agency, *identity)


async def brought_before(store: Store, agency: str, print_: str, now: float) -> str | None:
    """The batch that the same list began today or yesterday, under a name of its own or not."""
    for day in (int(now) // DAY, int(now) // DAY - 1):
        batch = named(store, agency, print_, str(day))
        if await store.jobs.read(batch) is not None:
            return batch
    for batch in await store.requests.filed(agency, _FILED + print_, 1):
        record = await store.jobs.read(batch)
        if record is not None and int(record["at"]) > now - 2 * DAY:
            return batch
    return None


async def file(store: Store, agency: str, print_: str, batch: str, now: float) -> None:
    """Has the list found again, whatever its batch is called."""
    await store.requests.file(agency, _FILED + print_, batch, round(now * 1000))


async def begin(
    store: Store,
    batch: str,
    agency: str,
    template: str,
    kind: KeyKind,
    rows: Sequence[Row],
    *,
    print_: str,
    at: float,
) -> bool:
    """On the server's disk once it returns. False where there is one of this id already."""
    pieces = [
        _encoder.encode(
            Piece(
                [
                    (row.number, row.to, row.language, row.reference, dict(row.data))  # type: ignore[arg-type]
                    for row in rows[start : start + PIECE]
                ]
            )
        )
        for start in range(0, len(rows), PIECE)
    ]
    fields = {
        "kind": KIND,
        "agency": agency,
        "template": template,
        "key": kind.value,
        "print": print_,
        "total": str(len(rows)),
        "at": str(int(at)),
    }
    return await store.jobs.put(batch, fields, pieces)


def without(piece: bytes, whose: Callable[[str], bool]) -> tuple[bytes, int]:
    """A piece without the rows whose number is somebody's, as it was written; and how many."""
    rows = _decoder.decode(piece).rows
    rest = [row for row in rows if not whose(row[1])]
    return _encoder.encode(Piece(rest)), len(rows) - len(rest)


class Batches:
    """Accepts the messages of batches, for workers."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def go_on(self, store: Store, job_id: str) -> None:
        """Piece by piece; each is counted in the same write that takes it off."""
        record = await store.jobs.read(job_id) or {}
        counts = Counter({name: int(record.get(name, 0)) for name in _COUNTED})
        for number in range(int(record.get("done", 0)), int(record.get("pieces", 0))):
            piece = await store.jobs.piece(job_id, number)
            if piece is None:
                # It waited for a worker longer than it is kept, or its key is gone.
                size = min(PIECE, int(record["total"]) - number * PIECE)
                counts["refused"] += size
                _log.error("batch-piece-gone", rows=size)
            else:
                counts += await self._accept(store, job_id, record, _decoder.decode(piece))
            fields = {name: str(counts[name]) for name in _COUNTED}
            await store.jobs.advance(job_id, number, fields)

    async def _accept(
        self, store: Store, job_id: str, record: Mapping[str, str], piece: Piece
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        rows = [Row(*row) for row in piece.rows]
        for at in range(0, len(rows), _AT_ONCE):
            some = rows[at : at + _AT_ONCE]
            counts.update(
                await asyncio.gather(*(self._one(store, job_id, record, row) for row in some))
            )
        return counts

    async def _one(self, store: Store, job_id: str, record: Mapping[str, str], row: Row) -> str:
        # Whom a team's key may send to was settled when the batch was taken.
        kind = KeyKind.TEST if record["key"] == KeyKind.TEST.value else KeyKind.LIVE
        prepared = await _prepared(
            store,
            self._library.current,
            record["agency"],
            record["template"],
            row,
            kind,
            *("batch", job_id, str(row.number)),
        )
        if isinstance(prepared, list):
            return "refused"  # the menus have changed since it was measured
        state = await accept(store, prepared, row.reference)
        return "suppressed" if state is MessageState.SUPPRESSED else "accepted"


_COUNTED = ("accepted", "suppressed", "refused")
