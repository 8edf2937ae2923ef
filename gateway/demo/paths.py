"""How a case of each kind moves on by itself: which state follows, and after how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a case is, in the words of the agencies' files."""

    RECEIVED = "reçue"
    UNDERWAY = "en cours"
    MISSING = "pièce manquante"
    SUMMONED = "convocation"
    READY = "prête"
    REFUSED = "refusée"
    CANCELLED = "annulée"

    @property
    def outward(self) -> str:
        """In the words that the site file declares, which know one for all that is worked on."""
        return State.UNDERWAY.value if self in _AT_WORK else self.value


_AT_WORK = frozenset((State.UNDERWAY, State.MISSING, State.SUMMONED))
FINAL = frozenset((State.READY, State.REFUSED, State.CANCELLED))


@dataclass(frozen=True, slots=True)
class Stage:
    """A state, and the share of the promised days that the state before it takes."""

    state: State
    share: float


Path = tuple[Stage, ...]

_USUAL: Mapping[str, Path] = {
    "acte": (Stage(State.UNDERWAY, 1 / 3), Stage(State.READY, 2 / 3)),
    "attestation": (Stage(State.UNDERWAY, 1 / 3), Stage(State.READY, 2 / 3)),
    "plainte": (
        Stage(State.UNDERWAY, 1 / 15),
        Stage(State.SUMMONED, 4 / 15),
        Stage(State.READY, 10 / 15),
    ),
    "rendez-vous": (Stage(State.READY, 1.0),),
    "formation": (Stage(State.READY, 1.0),),
}
_LACKING: Path = (
    Stage(State.UNDERWAY, 1 / 3),
    Stage(State.MISSING, 1 / 3),
    Stage(State.READY, 2 / 3),
)
_REFUSED: Path = (Stage(State.UNDERWAY, 1 / 3), Stage(State.REFUSED, 2 / 3))


def path(number: str, subject: str) -> Path:
    """What comes after « reçue », in order; empty for what no office works on.

    Of ten certificates of civil status one lacks a paper, and of ten papers one is refused. The
    number decides, so that a visitor can be told which: those that end in 6, those in 9.
    """
    if subject == "acte" and number.endswith("6"):
        return _LACKING
    if subject in ("acte", "attestation") and number.endswith("9"):
        return _REFUSED
    return _USUAL.get(subject, ())


def after(number: str, subject: str, state: State) -> Stage | None:
    """What comes next; None once it is over. A state off the path leads to the path's end."""
    stages = path(number, subject)
    if state in FINAL or not stages:
        return None
    states = [State.RECEIVED, *(stage.state for stage in stages)]
    return stages[states.index(state)] if state in states else Stage(State.READY, 1 / 3)


def before(number: str, subject: str, state: State) -> State | None:
    """What an office goes back to after a mistake; None where that makes no sense."""
    stages = path(number, subject)
    if state in (State.RECEIVED, State.CANCELLED) or not stages:
        return None
    states = [State.RECEIVED, *(stage.state for stage in stages)]
    if state in states:
        return states[states.index(state) - 1]
    return State.UNDERWAY if State.UNDERWAY in states else State.RECEIVED
