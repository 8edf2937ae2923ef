"""What a scenario says, as it is played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.events import Json, Outcome
from gateway.menu.program import Place

ASK = "ask"
"""A scenario's `language:` that has the language question played."""


@dataclass(frozen=True, slots=True, eq=False)
class Canned:
    """What a back end answers here, instead of the real one. `after` seconds of waiting."""

    operation: str
    outcome: Outcome
    data: Json
    after: float
    place: Place


@dataclass(frozen=True, slots=True)
class Enter:
    """`end` is the offset behind it, where `--update` may write what was shown then."""

    text: str
    place: Place
    end: int


@dataclass(frozen=True, slots=True)
class Shows:
    """The open page holds `text`; with `ends` it is also the last one.

    `start` and `end` are the offsets of the text in its file, quotes included.
    """

    text: str
    ends: bool
    place: Place
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is cut, and dialled again after `seconds`."""

    seconds: int
    place: Place
    end: int


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: int
    place: Place


@dataclass(frozen=True, slots=True)
class Swap:
    """From here on these answers hold; what it does not name stays."""

    backends: Mapping[str, Canned]
    place: Place


Move = Enter | Shows | HangUp | Wait | Swap


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    name: str
    service: str  # beside which it stands
    place: Place
    dial: str | None = None  # None: the service's own start
    phone: str = "+2290197000001"
    network: str | None = None  # the operator's code
    language: str | None = None  # a code, `ask`, or None: the source, then all others
    at: datetime | None = None
    backends: Mapping[str, Canned] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    sms: tuple[str, ...] | None = None  # names of messages, in order; None: not compared
    callbacks: tuple[str, ...] | None = None  # names of queues
    hidden: tuple[str, ...] = ()
    begins: int | None = None  # offset of the first move's dash
