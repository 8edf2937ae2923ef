"""What a scenario says, as it is played."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from gateway.events import Json, Outcome
from gateway.menu.program import Place

ASK = "ask"
"""A scenario's `language:` that has the language question played."""

PHONE = "+2290197000001"
"""Who dials where no `phone` is said: a made-up number."""

NOON = datetime(2026, 3, 16, 12, 0, tzinfo=UTC)
"""Where no `at` is said, the clock stands at the noon (UTC) of a Monday."""

NOWHERE = Place("", 0, 0)


class Span(NamedTuple):
    """From `start` up to `end`: offsets in the file, for what is written there anew.

    `flow`: between brackets or braces, where nothing may go on several lines.
    """

    start: int
    end: int
    flow: bool


NO_SPAN = Span(0, 0, False)


@dataclass(frozen=True, slots=True, eq=False)
class Canned:
    """What a back end answers here, instead of the real one, `after` seconds of waiting."""

    operation: str
    outcome: Outcome
    data: Json
    after: float
    place: Place


@dataclass(frozen=True, slots=True)
class Enter:
    text: str
    place: Place = NOWHERE
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Shows:
    """The open page holds `text`; with `ends` it is also the last one."""

    text: str
    ends: bool
    place: Place
    span: Span  # key and text


@dataclass(frozen=True, slots=True)
class HangUp:
    """The call is cut, and dialled again after `seconds`."""

    seconds: int
    place: Place = NOWHERE
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Send:
    """She sends a text message to the short code. A call that was open is over."""

    text: str
    place: Place = NOWHERE
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Dial:
    """She dials `code`, whatever was open."""

    code: str
    place: Place = NOWHERE
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: int
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Swap:
    """From here on these answers hold; what it does not name stays."""

    backends: Mapping[str, Canned]
    place: Place = NOWHERE


Deed = Enter | HangUp | Send | Dial
"""What brings a page."""

Move = Deed | Shows | Wait | Swap


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    name: str
    service: str  # beside which it stands
    place: Place
    dial: str | None = None  # None: the service's own start
    phone: str = PHONE
    network: str | None = None  # the operator's code
    language: str | None = None  # a code, `ask`, or None: the source, then all others
    at: datetime = NOON
    backends: Mapping[str, Canned] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    sms: tuple[str, ...] | None = None  # names of messages, in order; None: not compared
    callbacks: tuple[str, ...] | None = None  # names of queues
    hidden: tuple[str, ...] = ()
    span: Span = NO_SPAN  # of the list of moves
