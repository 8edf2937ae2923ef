"""What the demo's agencies remember: cases of citizens and their history, answers already given."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import msgspec

from gateway.demo import news, paths
from gateway.demo.paths import State

DAY = 60.0
"""Seconds that a working day of the agencies takes in a demo."""

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
_MOVING = """
BEGIN;
ALTER TABLE request ADD COLUMN days REAL NOT NULL DEFAULT 3;
ALTER TABLE request ADD COLUMN due REAL;
UPDATE request SET state = 'reçue', due = CAST(strftime('%s', made) AS REAL) + 60
    WHERE state IS NULL;
CREATE INDEX request_due ON request (due);
CREATE TABLE move (
    rank INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    by_hand INTEGER NOT NULL
);
CREATE INDEX move_number ON move (number);
CREATE TABLE notice (
    rank INTEGER PRIMARY KEY,
    agency TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    template TEXT NOT NULL,
    data BLOB NOT NULL,
    final INTEGER NOT NULL,
    key TEXT NOT NULL,
    next REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    settled TEXT,
    status INTEGER,
    code TEXT,
    update_id TEXT,
    accepted INTEGER,
    UNIQUE (agency, number, state)
);
CREATE TABLE identity (id TEXT NOT NULL);
PRAGMA user_version = 1;
COMMIT;
"""
"""Once, on the tables of before: cases move on, and what is told of them waits in an outbox."""

_FIELDS = "SELECT number, subject, detail, place, phone, npi, made, state, days, due FROM request"
_OF_PHONE = f"{_FIELDS} WHERE phone = ?1 AND (?2 IS NULL OR subject = ?2) ORDER BY rank DESC"
_OF_NPI = f"{_FIELDS} WHERE npi = ? ORDER BY rank DESC"
_NUMBERED = f"{_FIELDS} WHERE number = ?"
_DUE = f"{_FIELDS} WHERE due <= ? ORDER BY due, rank LIMIT 1"
_CASES = (  # constants alone are put together
    f"{_FIELDS} WHERE subject IN (SELECT value FROM json_each(?))"  # noqa: S608
    " ORDER BY rank DESC LIMIT ?"
)
_TAKEN = "SELECT count(*) FROM request WHERE subject = ? AND detail = ? AND state IS NOT 'annulée'"

_FIRST = {"EC": 1042, "PL": 2071, "AT": 3305, "RV": 412, "FN": 718, "AV": 51}


@dataclass(frozen=True, slots=True)
class Request:
    """One citizen's request at an agency. `detail` is the act, the slot or the session; `days`
    are the working days that were promised, `due` (seconds since the epoch) is when it moves on."""

    number: str
    subject: str  # acte, plainte, attestation, rendez-vous, formation, avis
    detail: str
    place: str
    phone: str | None
    npi: str | None
    made: datetime
    state: State = State.RECEIVED
    days: float = 3.0
    due: float | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A line of a case's history. `at` is in seconds since the epoch."""

    state: State
    at: float
    by_hand: bool


class Ledger:
    """A SQLite file. One thread uses it, so that each method is a whole."""

    def __init__(
        self, path: Path | str, clock: Callable[[], datetime], *, day: float = DAY
    ) -> None:
        self.clock, self.day = clock, day
        if isinstance(path, Path):
            # It holds what citizens asked for, like the folder around it: the owner's alone.
            path.touch(mode=0o600)
            path.chmod(0o600)
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)
        if self._database.execute("PRAGMA user_version").fetchone() == (0,):
            self._database.executescript(_MOVING)
            with self._database:
                # Another ledger has the same numbers; what is told of them is not the same.
                self._database.execute("INSERT INTO identity VALUES (?)", (secrets.token_hex(4),))
        self._id: str = self._database.execute("SELECT id FROM identity").fetchone()[0]

    @property
    def database(self) -> sqlite3.Connection:
        """For what is kept in the same transactions."""
        return self._database

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
        days: float = 1.0,
        made: datetime | None = None,
    ) -> Request:
        """A new request, under the next number of its kind: `EC-1042`."""
        row = self._database.execute(
            "SELECT max(cast(substr(number, 4) AS INTEGER)) FROM request WHERE number LIKE ?",
            (f"{prefix}-%",),
        ).fetchone()
        number = f"{prefix}-{(row[0] or _FIRST[prefix] - 1) + 1:04}"
        made = made or self.clock()
        request = Request(number, subject, detail, place, phone, npi, made, days=days)
        self._database.execute(
            "INSERT INTO request (number, subject, detail, place, phone, npi, made, days)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, subject, detail, place, phone, npi, made.isoformat(), days),
        )
        return self.enter(request, State.RECEIVED, at=made.timestamp())

    # ---- cases move on ---------------------------------------------------------------

    def enter(
        self, request: Request, state: State, *, at: float, by_hand: bool = False, told: bool = True
    ) -> Request:
        """The case is in this state from `at` on. What is `told` of it is written down with it:
        once for each state, however often it is entered."""
        following = paths.after(request.number, request.subject, state)
        due = None if following is None else at + following.share * request.days * self.day
        request = replace(request, state=state, due=due)
        self._database.execute(
            "UPDATE request SET state = ?, due = ? WHERE number = ?", (state, due, request.number)
        )
        self._database.execute(
            "INSERT INTO move (number, state, at, by_hand) VALUES (?, ?, ?, ?)",
            (request.number, state, at, by_hand),
        )
        today = datetime.fromtimestamp(at, request.made.tzinfo).date()
        for item in news.of(request, today) if told else ():
            self._database.execute(
                "INSERT OR IGNORE INTO notice"
                " (agency, number, state, template, data, final, key, next)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    item.agency,
                    request.number,
                    state,
                    item.template,
                    msgspec.json.encode(item.data),
                    item.final,
                    f"{request.number}-{state.name.lower()}-{self._id}",
                    at,
                ),
            )
        return request

    def take_back(self, request: Request) -> None:
        """The case was never in its state: who has not been told of it yet is not told."""
        self._database.execute(
            "DELETE FROM notice WHERE number = ? AND state = ? AND attempts = 0",
            (request.number, request.state),
        )

    def catch_up(self) -> None:
        """Moves on what is due, each case at its own time, however late it is noticed."""
        now = self.clock().timestamp()
        while found := self._read(_DUE, (now,)):
            case = found[0]
            following = paths.after(case.number, case.subject, case.state)
            if following is None or case.due is None:
                self._database.execute(
                    "UPDATE request SET due = NULL WHERE number = ?", (case.number,)
                )
            else:
                self.enter(case, following.state, at=case.due)

    def history(self, number: str) -> list[Move]:
        """Oldest first."""
        rows = self._database.execute(
            "SELECT state, at, by_hand FROM move WHERE number = ? ORDER BY rank", (number,)
        )
        return [Move(State(state), at, bool(by_hand)) for state, at, by_hand in rows]

    def cases(self, subjects: Sequence[str], most: int) -> list[Request]:
        """The newest cases of these kinds, newest first."""
        return self._read(_CASES, (msgspec.json.encode(subjects).decode(), most))

    # ---- what is looked up -----------------------------------------------------------

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
                state=State(row[7]),
                days=row[8],
                due=row[9],
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
