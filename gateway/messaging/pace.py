"""How a worker paces itself. Lengths of time are in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    hands: int = 32  # attempts at once
    lease: float = 60.0  # that what was taken stays this worker's, unless it is renewed
    first_pause: float = 15.0  # before a second attempt; doubles from then on
    busy: float = 0.05  # between two looks, as long as something moved lately
    breath: float = 0.002  # for which hands that are free are gathered, before they take anew
    idle: float = 0.25  # between two looks otherwise
    away: float = 1.0  # after Redis could not be reached
    upkeep: float = 15.0  # between two rounds of counting, and of giving up on receipts
    drain: float = 20.0  # for what is under way when the worker stops
