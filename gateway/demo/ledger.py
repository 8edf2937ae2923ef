"""What the demo's agencies remember: requests of citizens, answers already given."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    rank INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    place TEXT NOT NULL,
    phone TEXT,
    npi TEXT,
    made TEXT NOT NULL,
    state TEXT
);
CREATE INDEX IF NOT EXISTS request_phone ON request (phone);
CREATE INDEX IF NOT EXISTS request_npi ON request (npi);
CREATE INDEX IF NOT EXISTS request_detail ON request (subject, detail);
CREATE TABLE IF NOT EXISTS answer (
    agency TEXT NOT NULL,
    key TEXT NOT NULL,
    asked BLOB NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (agency, key)
);
CREATE TABLE IF NOT EXISTS wrong_code (holder TEXT, day TEXT, times INTEGER,
    PRIMARY KEY (holder, day));
"""

_FIELDS = "SELECT number, subject, detail, place, phone, npi, made, state FROM request"
_OF_PHONE = f"{_FIELDS} WHERE phone = ?1 AND (?2 IS NULL OR subject = ?2) ORDER BY rank DESC"
_OF_NPI = f"{_FIELDS} WHERE npi = ? ORDER BY rank DESC"
_NUMBERED = f"{_FIELDS} WHERE number = ?"
_TAKEN = "SELECT count(*) FROM request WHERE subject = ? AND detail = ? AND state IS NOT 'annulée'"

_FIRST = {"EC": 1042, "PL": 2071, "AT": 3305, "RV": 412, "FN": 718, "AV": 51}

_OPEN, _READY = 90, 300  # seconds after which a request is under way, and ready


@dataclass(frozen=True, slots=True)
class Request:
    """One citizen's request at an agency. `detail` is the act, the slot or the session."""

    number: str
    subject: str  # acte, plainte, attestation, rendez-vous, formation, avis
    detail: str
    place: str
    phone: str | None
    npi: str | None
    made: datetime
    state: str | None = None  # set by a decision; else it follows from the time passed

    def status(self, now: datetime) -> str:
        """An agency's office at work, in minutes instead of days."""
        if self.state is not None:
            return self.state
        seconds = (now - self.made).total_seconds()
        if seconds < _OPEN:
            return "reçue"
        return "en cours" if seconds < _READY or self.subject == "plainte" else "prête"


class Ledger:
    """A SQLite file. One thread uses it, so that each method is a whole."""

    def __init__(self, path: Path | str, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        if isinstance(path, Path):
            # It holds what citizens asked for, like the folder around it: the owner's alone.
            path.touch(mode=0o600)
            path.chmod(0o600)
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        self._database.close()

    def together(self) -> AbstractContextManager[object]:
        """All that is written inside is kept, or nothing is."""
        return self._database

    def record(
        self,
        prefix: str,
        subject: str,
        detail: str,
        place: str,
        *,
        phone: str | None,
        npi: str | None = None,
        state: str | None = None,
        made: datetime | None = None,
    ) -> Request:
        """A new request, under the next number of its kind: `EC-1042`."""
        row = self._database.execute(
            "SELECT max(cast(substr(number, 4) AS INTEGER)) FROM request WHERE number LIKE ?",
            (f"{prefix}-%",),
        ).fetchone()
        number = f"{prefix}-{(row[0] or _FIRST[prefix] - 1) + 1:04}"
        request = Request(number, subject, detail, place, phone, npi, made or self.clock(), state)
        self._database.execute(
            "INSERT INTO request (number, subject, detail, place, phone, npi, made, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, subject, detail, place, phone, npi, request.made.isoformat(), state),
        )
        return request

    def decide(self, number: str, state: str) -> None:
        self._database.execute("UPDATE request SET state = ? WHERE number = ?", (state, number))

    def of_phone(self, phone: str, subject: str | None = None) -> list[Request]:
        """The requests of this phone, newest first."""
        return self._read(_OF_PHONE, (phone, subject))

    def of_npi(self, npi: str) -> list[Request]:
        return self._read(_OF_NPI, (npi,))

    def numbered(self, number: str) -> Request | None:
        found = self._read(_NUMBERED, (number,))
        return found[0] if found else None

    def taken(self, subject: str, detail: str) -> int:
        """How many places of a slot or session are taken."""
        row: tuple[int] = self._database.execute(_TAKEN, (subject, detail)).fetchone()
        return row[0]

    def _read(self, query: str, values: Sequence[object]) -> list[Request]:
        return [
            Request(
                number=row[0],
                subject=row[1],
                detail=row[2],
                place=row[3],
                phone=row[4],
                npi=row[5],
                made=datetime.fromisoformat(row[6]),
                state=row[7],
            )
            for row in self._database.execute(query, values).fetchall()
        ]

    # ---- wrong secret codes ----------------------------------------------------------

    def wrong_codes(self, holder: str, day: date) -> int:
        row = self._database.execute(
            "SELECT times FROM wrong_code WHERE holder = ? AND day = ?", (holder, day.isoformat())
        ).fetchone()
        return row[0] if row else 0

    def note_wrong_code(self, holder: str, day: date) -> None:
        self._database.execute(
            "INSERT INTO wrong_code VALUES (?, ?, 1)"
            " ON CONFLICT (holder, day) DO UPDATE SET times = times + 1",
            (holder, day.isoformat()),
        )

    # ---- answers already given -------------------------------------------------------

    def answered(self, agency: str, key: str) -> tuple[bytes, int, bytes] | None:
        """What was asked under this idempotency key, and the status and body of the answer."""
        row: tuple[bytes, int, bytes] | None = self._database.execute(
            "SELECT asked, status, body FROM answer WHERE agency = ? AND key = ?", (agency, key)
        ).fetchone()
        return row

    def keep_answer(self, agency: str, key: str, asked: bytes, status: int, body: bytes) -> None:
        self._database.execute(
            "INSERT INTO answer VALUES (?, ?, ?, ?, ?)", (agency, key, asked, status, body)
        )
