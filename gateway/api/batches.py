"""`/v1/messages/batches`: many messages of one template, measured, accepted, followed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from gateway.api.keys import Key
from gateway.api.problems import FieldFault, Refusal
from gateway.errors import ListRefused
from gateway.menu.program import Program
from gateway.messaging import batches
from gateway.messaging.acceptance import KeyKind
from gateway.messaging.batches import Measured
from gateway.messaging.rows import read as read_rows
from gateway.store import Store

MOST_SHOWN = 200  # faults, numbers and rows that one answer names

_STATUS = {"unsupported-media-type": 415}


class Progress(StrEnum):
    WORKING = "working"
    DONE = "done"


class RowFault(msgspec.Struct, frozen=True):
    row: int
    column: str
    code: str
    detail: str


class Rewritten(msgspec.Struct, frozen=True):
    row: int
    to: str


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What would come of a list. At most 200 faults, rewritten numbers and duplicates are named;
    the counts are of all. `cost` is in francs, null where the site says no price."""

    rows: int
    ready: int
    faulty: int
    faults: list[RowFault]
    rewritten: list[Rewritten]
    duplicates: list[int]
    languages: dict[str, int]
    segments: int
    longest: int
    cost: str | None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """How far a batch is. `repeated`: this very list was brought before, and is not sent again."""

    id: str
    status: Progress
    template: str
    total: int
    accepted: int
    suppressed: int
    refused: int
    repeated: bool = False


async def measure(
    store: Store, program: Program, key: Key, template: str, body: bytes, content_type: str
) -> Measured:
    try:
        listing = read_rows(body, content_type)
    except ListRefused as refused:
        status = _STATUS.get(refused.reason, 422)
        raise Refusal(status, refused.reason, str(refused)) from None
    team = frozenset(key.team)
    return await batches.measure(store, program, key.agency, template, listing, key.kind, team=team)


def trial(measured: Measured) -> Trial:
    return Trial(
        rows=measured.rows,
        ready=len(measured.ready),
        faulty=len({fault.row for fault in measured.faults}),
        faults=[
            RowFault(fault.row, fault.column, fault.code, fault.detail)
            for fault in measured.faults[:MOST_SHOWN]
        ],
        rewritten=[Rewritten(*one) for one in measured.rewritten[:MOST_SHOWN]],
        duplicates=measured.doubles[:MOST_SHOWN],
        languages=dict(measured.languages),
        segments=measured.segments,
        longest=measured.worst,
        cost=None if measured.cost is None else str(measured.cost),
    )


async def begin(
    store: Store,
    key: Key,
    template: str,
    body: bytes,
    measured: Measured,
    *,
    idempotency: str | None,
    skip_faulty: bool,
) -> Batch:
    """The batch, begun or found begun. 422 for a list with faults, unless they are skipped."""
    if measured.faults and not skip_faulty:
        errors = tuple(
            FieldFault(f"row {fault.row}, {fault.column}".rstrip(", "), fault.code, fault.detail)
            for fault in measured.faults[:MOST_SHOWN]
        )
        raise Refusal(422, "faulty-rows", "nothing is accepted: rows are faulty", errors=errors)
    if not measured.ready:
        raise Refusal(422, "no-rows", "nothing is left to be accepted")
    now = time.time()
    print_ = batches.fingerprint(key.agency, template, key.kind, body, key.team)
    known = None
    if idempotency is not None:
        # The claim decides between two at the same moment, when neither has a record; the record
        # outlives the claim.
        claimed = await store.requests.claim(key.agency, idempotency, f"batch {print_}".encode())
        batch = batches.named(store, key.agency, "key", idempotency)
        record = await store.jobs.read(batch) or {}
        if claimed.other or record.get("print", print_) != print_:
            title = "this Idempotency-Key was used with another body"
            raise Refusal(409, "idempotency-key-reused", title)
    else:
        known = await batches.brought_before(store, key.agency, print_, now)
        day = str(int(now) // batches.DAY)
        batch = batches.named(store, key.agency, print_, day)
    batch = known or batch
    new = await batches.begin(
        store, batch, key.agency, template, key.kind, measured.ready, print_=print_, at=now
    )
    await batches.file(store, key.agency, print_, batch, now)
    record = await store.jobs.read(batch) or {}
    return _shown(batch, record, repeated=not new)


async def read(store: Store, key: Key, batch_id: str) -> Batch:
    """404 for what is not there, and for what is not theirs: nobody can tell which."""
    record = await store.jobs.read(batch_id)
    if record is None or record.get("kind") != batches.KIND or not _may_see(key, record):
        raise Refusal(404, "not-found", "there is no such batch")
    return _shown(batch_id, record)


def _may_see(key: Key, record: Mapping[str, str]) -> bool:
    tests = (record["key"] == KeyKind.TEST.value, key.kind is KeyKind.TEST)
    return record["agency"] == key.agency and tests[0] == tests[1]


def _shown(batch_id: str, record: Mapping[str, str], *, repeated: bool = False) -> Batch:
    done = record.get("done") == record.get("pieces")
    return Batch(
        id=batch_id,
        status=Progress.DONE if done else Progress.WORKING,
        template=record["template"],
        total=int(record["total"]),
        accepted=int(record.get("accepted", 0)),
        suppressed=int(record.get("suppressed", 0)),
        refused=int(record.get("refused", 0)),
        repeated=repeated,
    )
