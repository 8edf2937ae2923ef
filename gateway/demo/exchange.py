"""What the demo's operations are asked and how they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.demo.ledger import Ledger

WRONG_CODE = "0000"  # any other secret code is right
MOST_WRONG = 3  # wrong codes a day, then the code is blocked
UNKNOWN_NPI = "000"  # numbers that begin with it belong to nobody
BROKEN_NPI = "503"  # the agency answers an error
SLOW_NPI = "504"  # the agency answers too late


@dataclass(frozen=True, slots=True)
class Asked:
    """One call. `given` holds the path's, the query's and the body's values together."""

    given: Mapping[str, Any]
    phone: str | None
    now: datetime
    ledger: Ledger

    @property
    def today(self) -> date:
        return self.now.date()

    def text(self, name: str) -> str:
        """A value that must be there; raises Refusal(422)."""
        value = self.given.get(name)
        if not isinstance(value, str) or not value.strip():
            raise Refusal(422)
        return value.strip()

    def caller(self) -> str:
        """The citizen's phone, which the gateway vouches for; raises Refusal(422)."""
        if self.phone is None:
            raise Refusal(422)
        return self.phone


class Refusal(Exception):
    """An operation ends with this status instead of an answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


Handler = Callable[[Asked], Any]
"""Gives what goes out as JSON; raises Refusal. A wrong code is kept though it is refused."""


@dataclass(frozen=True, slots=True)
class Operation:
    agency: str
    method: str
    path: str
    handler: Handler
    changes: bool  # is done once for each idempotency key


def operation(
    registry: list[Operation], agency: str, method: str, path: str, *, changes: bool | None = None
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        registry.append(
            Operation(
                agency, method, path, handler, method != "GET" if changes is None else changes
            )
        )
        return handler

    return register


def check_npi(npi: str) -> None:
    if not (len(npi) == 10 and npi.isdecimal()):
        raise Refusal(422)
    if npi.startswith(UNKNOWN_NPI):
        raise Refusal(404)


def check_code(asked: Asked, holder: str) -> None:
    """The holder's secret code: 422 when wrong, 409 once it was wrong too often today."""
    if asked.ledger.wrong_codes(holder, asked.today) >= MOST_WRONG:
        raise Refusal(409)
    if asked.text("secret") == WRONG_CODE:
        asked.ledger.note_wrong_code(holder, asked.today)
        blocked = asked.ledger.wrong_codes(holder, asked.today) >= MOST_WRONG
        raise Refusal(409 if blocked else 422)
