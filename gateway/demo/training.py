"""Training in digital skills: sessions by level, enrolling, cancelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from gateway.demo.exchange import Asked, Operation, Refusal, operation
from gateway.demo.ledger import Request
from gateway.demo.paths import State

OPERATIONS: list[Operation] = []

_ROOMS = {  # by town: its short name, the room
    "Cotonou": ("cot", "Mairie, premier étage"),
    "Kandi": ("kan", "Maison des jeunes"),
    "Lokossa": ("lok", "Bibliothèque"),
    "Parakou": ("par", "Lycée, salle 4"),
}
_LEVELS = {  # by level: its short name, then town, weeks from now, places
    "debutant": ("deb", (("Cotonou", 2, 12), ("Kandi", 3, 8), ("Lokossa", 4, 10))),
    "moyen": ("moy", (("Cotonou", 3, 0), ("Parakou", 5, 6))),
    "avance": ("ava", (("Cotonou", 6, 0),)),
}
_LATEST = timedelta(days=2)  # before the first day, to cancel
_YOUNGEST = 15  # years


@dataclass(frozen=True, slots=True)
class _Session:
    code: str
    town: str
    first_day: date
    places: int
    room: str


@operation(OPERATIONS, "numerique", "GET", "/sessions")
def sessions(asked: Asked) -> Any:
    return [
        {
            "code": session.code,
            "ville": session.town,
            "debut": session.first_day.isoformat(),
            "places": session.places,
        }
        for session in _sessions(asked, asked.text("niveau"))
    ]


@operation(OPERATIONS, "numerique", "POST", "/inscriptions")
def enrol(asked: Asked) -> Any:
    phone, code, _ = asked.caller(), asked.text("session"), asked.text("nom")
    try:
        born = date.fromisoformat(asked.text("naissance"))
    except ValueError:
        raise Refusal(422) from None
    if (asked.today - born).days < _YOUNGEST * 365:
        raise Refusal(422)
    open_ = {session.code: session for level in _LEVELS for session in _sessions(asked, level)}
    session = open_.get(code)
    if session is None or session.places <= 0:
        raise Refusal(409)
    detail = f"{code} {session.town} {session.first_day.isoformat()}"
    made = asked.ledger.record("FN", "formation", detail, session.room, phone=phone)
    return {"numero": made.number, "lieu": session.room}


@operation(OPERATIONS, "numerique", "GET", "/inscriptions/mienne")
def mine(asked: Asked) -> Any:
    made = asked.ledger.of_phone(asked.caller(), "formation")
    if not made:
        raise Refusal(404)
    _, town, first_day = made[0].detail.split(" ")
    return {
        "numero": made[0].number,
        "ville": town,
        "debut": first_day,
        "statut": _state(made[0]),
    }


@operation(OPERATIONS, "numerique", "POST", "/inscriptions/{numero}/annulation")
def cancel(asked: Asked) -> Any:
    made = asked.ledger.numbered(asked.text("numero"))
    if made is None or made.subject != "formation" or made.phone != asked.caller():
        raise Refusal(404)
    first_day = date.fromisoformat(made.detail.split(" ")[2])
    if made.state in (State.CANCELLED, State.REFUSED) or first_day - asked.today < _LATEST:
        raise Refusal(409)
    asked.ledger.enter(made, State.CANCELLED, at=asked.now.timestamp())
    return {"numero": made.number}


def _sessions(asked: Asked, level: str) -> Iterator[_Session]:
    """Each begins on a Monday, so many weeks from this one."""
    if level not in _LEVELS:
        raise Refusal(422)
    short, offered = _LEVELS[level]
    monday = asked.today - timedelta(days=asked.today.weekday())
    for town, weeks, places in offered:
        first_day = monday + timedelta(weeks=weeks)
        code = f"{short}-{_ROOMS[town][0]}-{first_day:%m%d}"
        taken = asked.ledger.taken("formation", f"{code} {town} {first_day.isoformat()}")
        yield _Session(code, town, first_day, max(places - taken, 0), _ROOMS[town][1])


def _state(made: Request) -> str:
    """A session that the agency called off is over for her as one that she cancelled."""
    if made.state in (State.CANCELLED, State.REFUSED):
        return State.CANCELLED.value
    return "confirmée" if made.state is State.READY else "en attente"
