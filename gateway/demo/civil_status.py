"""Civil status: what a copy costs, asking for one, and following it."""

from __future__ import annotations

from typing import Any

from gateway.demo.communes import COMMUNES
from gateway.demo.exchange import Asked, Operation, Refusal, check_code, check_npi, operation

OPERATIONS: list[Operation] = []

_ACTS = {  # francs a copy, working days, and how the register names it
    "naissance": (500, 3, "naissance"),
    "mariage": (1000, 5, "mariage"),
    "deces": (0, 1, "décès"),
}


@operation(OPERATIONS, "anip", "POST", "/identites/verification", changes=False)
def verify(asked: Asked) -> Any:
    check_npi(asked.text("answer"))
    return {}


@operation(OPERATIONS, "anip", "GET", "/tarifs/{acte}")
def price(asked: Asked) -> Any:
    francs, days, _ = _act(asked)
    try:
        copies = int(asked.given.get("copies", "1"))
    except ValueError:
        raise Refusal(422) from None
    return {"frais": francs * max(copies, 1), "jours": days}


@operation(OPERATIONS, "anip", "POST", "/demandes")
def create(asked: Asked) -> Any:
    npi = asked.text("npi")
    check_npi(npi)
    _, days, act = _act(asked)
    commune = COMMUNES.get(asked.text("commune"))
    if commune is None:
        raise Refusal(422)
    check_code(asked, npi)
    made = asked.ledger.record(
        "EC", "acte", act, commune.name, phone=asked.phone, npi=npi, days=days
    )
    return {"numero": made.number, "mairie": made.place}


@operation(OPERATIONS, "anip", "GET", "/demandes")
def mine(asked: Asked) -> Any:
    return [
        {
            "numero": request.number,
            "objet": request.detail,
            "statut": request.state.outward,
            "mairie": request.place,
        }
        for request in asked.ledger.of_phone(asked.caller(), "acte")
    ]


def _act(asked: Asked) -> tuple[int, int, str]:
    act = _ACTS.get(asked.text("acte"))
    if act is None:
        raise Refusal(422)
    return act
