"""What staff do with a case by hand, and what each kind of case is called."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gateway.demo import paths
from gateway.demo.ledger import Ledger, Request
from gateway.demo.paths import FINAL, State

SUBJECTS: Mapping[str, str] = {
    "acte": "anip",
    "plainte": "travail",
    "attestation": "travail",
    "rendez-vous": "travail",
    "formation": "numerique",
}
"""The kinds of cases that an office works on, each with its agency."""


class Deed(StrEnum):
    ADVANCE = "advance"
    PAPER = "paper"
    REFUSE = "refuse"
    BACK = "back"


def possible(case: Request) -> Mapping[Deed, State]:
    """What can be done now, and the state that it leads to."""
    found: dict[Deed, State] = {}
    following = paths.after(case.number, case.subject, case.state)
    if following is not None:
        found[Deed.ADVANCE] = following.state
    if case.subject == "acte" and case.state in (State.RECEIVED, State.UNDERWAY):
        found[Deed.PAPER] = State.MISSING
    if case.subject in SUBJECTS and case.state not in FINAL:
        found[Deed.REFUSE] = State.REFUSED
    before = paths.before(case.number, case.subject, case.state)
    if before is not None:
        found[Deed.BACK] = before
    return {deed: state for deed, state in found.items() if not _twice(found, deed)}


def do(ledger: Ledger, number: str, deed: Deed, seen: State) -> bool:
    """Does it, if the case is still in the state that was `seen`: pressing twice does it once."""
    case = ledger.numbered(number)
    if case is None or case.state is not seen or deed not in possible(case):
        return False
    if deed is Deed.BACK:
        ledger.take_back(case)
    ledger.enter(case, possible(case)[deed], at=ledger.clock().timestamp(), by_hand=True)
    return True


def _twice(found: Mapping[Deed, State], deed: Deed) -> bool:
    """Whether going on leads to the same state already."""
    return deed in (Deed.PAPER, Deed.REFUSE) and found.get(Deed.ADVANCE) is found[deed]
