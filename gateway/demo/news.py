"""What an agency tells those who follow a case: which message of its menus, with which data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gateway.demo.paths import FINAL, State, path

if TYPE_CHECKING:
    from gateway.demo.ledger import Request

Data = Mapping[str, str | int]

HOURS = ("09:00", "10:30", "15:00")
"""Of one day's appointments, by their place in a slot's code."""

_PAPERS = {"naissance": "le volet de naissance", "mariage": "le livret de famille"}
_SUMMONED_IN = 3  # days


@dataclass(frozen=True, slots=True)
class News:
    """One message to all who follow the case at `agency`. With `final` it is the last."""

    agency: str
    template: str
    data: Data
    final: bool


def of(request: Request, today: date) -> Iterator[News]:
    """What is told when `request` has entered its state: by its own agency, and by the service
    centre, where citizens follow the cases of every agency."""
    own = _OWN.get((request.subject, request.state))
    if own is None:
        return
    agency, template, data = own
    final = request.state in FINAL
    yield News(agency, template, data(request, today), final)
    if request.state.outward != request.state:
        return  # the centre has no word of its own for it
    yield News(
        "service",
        "mes-demandes/demande_suivie",
        {"numero": request.number, "statut": request.state.outward},
        final,
    )


def working_day(day: date) -> date:
    """This day, or the Monday after it."""
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def slot_day(request: Request) -> date:
    """The day of an appointment: a slot's code holds month and day, and slots lie ahead."""
    month, day = int(request.detail[4:6]), int(request.detail[6:8])
    made = request.made.date()
    this_year = date(made.year, month, day)
    return this_year if this_year >= made else date(made.year + 1, month, day)


def _left(request: Request) -> int:
    """Working days that the promise still leaves, at least one."""
    stages = path(request.number, request.subject)
    states = [stage.state for stage in stages]
    ahead = stages[states.index(request.state) + 1 :] if request.state in states else stages[-1:]
    return max(round(request.days * sum(stage.share for stage in ahead)), 1)


def _numbered(request: Request, _today: date) -> Data:
    return {"numero": request.number}


def _at_town_hall(request: Request, _today: date) -> Data:
    return {"numero": request.number, "mairie": request.place}


def _at_office(request: Request, _today: date) -> Data:
    return {"numero": request.number, "bureau": request.place}


def _in_days(request: Request, _today: date) -> Data:
    return {"numero": request.number, "jours": _left(request)}


def _lacking(request: Request, _today: date) -> Data:
    paper = _PAPERS.get(request.detail, "le certificat du médecin")
    return {"numero": request.number, "piece": paper}


def _summoned(request: Request, today: date) -> Data:
    day = working_day(today + timedelta(days=_SUMMONED_IN))
    return {"numero": request.number, "bureau": request.place, "jour": day.isoformat()}


def _appointment(request: Request, _today: date) -> Data:
    hour = HOURS[int(request.detail[-1]) - 1]
    day = slot_day(request).isoformat()
    return {"numero": request.number, "jour": day, "heure": hour, "adresse": request.place}


def _no_appointment(request: Request, _today: date) -> Data:
    return {"numero": request.number, "jour": slot_day(request).isoformat()}


def _enrolled(request: Request, _today: date) -> Data:
    first_day = request.detail.split(" ")[2]
    return {"numero": request.number, "debut": first_day, "lieu": request.place}


_OWN: Mapping[tuple[str, State], tuple[str, str, Callable[[Request, date], Data]]] = {
    ("acte", State.UNDERWAY): ("anip", "etat-civil/demande_en_cours", _in_days),
    ("acte", State.MISSING): ("anip", "etat-civil/piece_manquante", _lacking),
    ("acte", State.READY): ("anip", "etat-civil/statut_pret", _at_town_hall),
    ("acte", State.REFUSED): ("anip", "etat-civil/statut_refuse", _at_town_hall),
    ("plainte", State.UNDERWAY): ("travail", "travail/plainte/plainte_en_cours", _at_office),
    ("plainte", State.SUMMONED): ("travail", "travail/plainte/plainte_suivie", _summoned),
    ("plainte", State.READY): ("travail", "travail/plainte/plainte_terminee", _at_office),
    ("plainte", State.REFUSED): ("travail", "travail/plainte/plainte_terminee", _at_office),
    ("attestation", State.UNDERWAY): ("travail", "travail/attestation/demande_en_cours", _in_days),
    ("attestation", State.READY): ("travail", "travail/attestation/document_pret", _at_office),
    ("attestation", State.REFUSED): ("travail", "travail/attestation/demande_refusee", _numbered),
    ("rendez-vous", State.READY): ("travail", "travail/rendez-vous/rappel_visite", _appointment),
    ("rendez-vous", State.REFUSED): (
        "travail",
        "travail/rendez-vous/visite_annulee",
        _no_appointment,
    ),
    ("formation", State.READY): ("numerique", "formation/inscription_confirmee", _enrolled),
    ("formation", State.REFUSED): ("numerique", "formation/session_annulee", _numbered),
}
"""What a state means to those who follow: the agency that tells, its message, its data."""
