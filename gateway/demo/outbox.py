"""What is still to be told to the gateway, and what it answered: kept until it is told."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from gateway.demo.news import Data
from gateway.demo.paths import State

LONGEST_PAUSE = 300.0  # seconds between two attempts
_FIELDS = (
    "SELECT rank, agency, number, state, template, data, final, key, next, attempts, settled,"
    " status, code, update_id, accepted FROM notice"
)
# Of one case the older news first: what was told last is then how it stands.
_DUE = (
    f"{_FIELDS} WHERE settled IS NULL AND next <= ? AND rank IN ("  # noqa: S608 - constants alone
    "SELECT min(rank) FROM notice WHERE settled IS NULL GROUP BY agency, number"
    ") ORDER BY rank LIMIT 50"
)
_UNCOUNTED = (
    f"{_FIELDS} WHERE settled = 'told' AND accepted IS NULL AND update_id IS NOT NULL"
    " AND next <= ? ORDER BY rank LIMIT 20"
)
_OF = f"{_FIELDS} WHERE number = ? ORDER BY rank"


class Settled(StrEnum):
    TOLD = "told"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of news. `status` and `code` are the last answer; `accepted` are the messages
    that came of it, once they are counted. `next` is in seconds since the epoch."""

    rank: int
    agency: str
    number: str
    state: State
    template: str
    data: Data
    final: bool
    key: str
    next: float
    attempts: int
    settled: Settled | None
    status: int | None
    code: str | None
    update_id: str | None
    accepted: int | None


class Outbox:
    """Written in the ledger's own transactions."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def due(self, now: float) -> list[Notice]:
        """At most one of each case and agency, oldest first."""
        return self._read(_DUE, now)

    def uncounted(self, now: float) -> list[Notice]:
        """Told, and nobody knows yet to how many."""
        return self._read(_UNCOUNTED, now)

    def of(self, number: str) -> list[Notice]:
        """All news of a case, oldest first."""
        return self._read(_OF, number)

    def begin(self, notice: Notice, now: float) -> None:
        """Before it leaves: from then on it may have been heard. Whoever dies tries again."""
        pause = min(2.0**notice.attempts, LONGEST_PAUSE)
        self._write(
            "UPDATE notice SET attempts = attempts + 1, next = ? WHERE rank = ?",
            now + pause,
            notice.rank,
        )

    def put_off(self, notice: Notice, status: int | None, until: float) -> None:
        """The gateway is away, or asked for time."""
        self._write(
            "UPDATE notice SET status = ?, code = NULL, next = max(next, ?) WHERE rank = ?",
            status,
            until,
            notice.rank,
        )

    def settle(
        self,
        notice: Notice,
        settled: Settled,
        status: int,
        *,
        code: str | None = None,
        update_id: str | None = None,
    ) -> None:
        self._write(
            "UPDATE notice SET settled = ?, status = ?, code = ?, update_id = ? WHERE rank = ?",
            settled.value,
            status,
            code,
            update_id,
            notice.rank,
        )

    def count(self, notice: Notice, accepted: int) -> None:
        self._write("UPDATE notice SET accepted = ? WHERE rank = ?", accepted, notice.rank)

    def count_later(self, notice: Notice, at: float) -> None:
        self._write("UPDATE notice SET next = ? WHERE rank = ?", at, notice.rank)

    def give_up_counting(self, notice: Notice) -> None:
        self._write("UPDATE notice SET update_id = NULL WHERE rank = ?", notice.rank)

    def _write(self, statement: str, *values: object) -> None:
        with self._database:
            self._database.execute(statement, values)

    def _read(self, query: str, *values: object) -> list[Notice]:
        return [
            Notice(
                rank=row[0],
                agency=row[1],
                number=row[2],
                state=State(row[3]),
                template=row[4],
                data=msgspec.json.decode(row[5], type=dict[str, str | int]),
                final=bool(row[6]),
                key=row[7],
                next=row[8],
                attempts=row[9],
                settled=None if row[10] is None else Settled(row[10]),
                status=row[11],
                code=row[12],
                update_id=row[13],
                accepted=row[14],
            )
            for row in self._database.execute(query, values).fetchall()
        ]
