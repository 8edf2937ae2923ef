"""The service centre: a citizen's requests at every agency, prices, opinions."""

from __future__ import annotations

from typing import Any

from gateway.demo.exchange import Asked, Operation, Refusal, check_code, check_npi, operation
from gateway.demo.ledger import Request
from gateway.demo.paths import State

OPERATIONS: list[Operation] = []

_PROCEDURES = {  # francs, working days
    "acte": (500, 3),
    "plainte": (0, 30),
    "attestation": (0, 5),
    "formation": (0, 1),
}
_SHOWN = 8  # requests in one list: what a phone's screens can hold


@operation(OPERATIONS, "service", "GET", "/demandes")
def of_phone(asked: Asked) -> Any:
    return _listed(asked.ledger.of_phone(asked.caller()))


@operation(OPERATIONS, "service", "POST", "/demandes/recherche", changes=False)
def of_npi(asked: Asked) -> Any:
    npi = asked.text("npi")
    check_npi(npi)
    check_code(asked, npi)
    return _listed(asked.ledger.of_npi(npi))


@operation(OPERATIONS, "service", "GET", "/demandes/{reference}")
def numbered(asked: Asked) -> Any:
    reference = asked.text("reference").upper()
    if "-" not in reference:
        reference = f"{reference[:2]}-{reference[2:]}"
    found = asked.ledger.numbered(reference)
    if found is None or found.subject == "avis":
        raise Refusal(404)
    return {"numero": found.number, "statut": _status(found)}


@operation(OPERATIONS, "service", "GET", "/demarches/{sujet}")
def procedure(asked: Asked) -> Any:
    found = _PROCEDURES.get(asked.text("sujet"))
    if found is None:
        raise Refusal(404)
    return {"frais": found[0], "jours": found[1]}


@operation(OPERATIONS, "service", "POST", "/avis")
def opinion(asked: Asked) -> Any:
    made = asked.ledger.record("AV", "avis", asked.text("avis"), "", phone=asked.phone)
    return {"numero": made.number}


def _listed(found: list[Request]) -> Any:
    return [
        {
            "numero": request.number,
            "objet": request.subject,
            "statut": _status(request),
            "date": request.made.date().isoformat(),
            "lieu": request.place,
        }
        for request in found
        if request.subject != "avis" and request.state is not State.CANCELLED
    ][:_SHOWN]


def _status(request: Request) -> str:
    """In the four words that all agencies share: what was cancelled counts as refused."""
    return (State.REFUSED if request.state is State.CANCELLED else request.state).outward
