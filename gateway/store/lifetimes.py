"""How long each kind of record is kept: what whoever runs the gateway chooses, and what is fixed
by what it is for.

One object says it all. The choices come from the environment (`GATEWAY_KEEP_…`), with a least
and a greatest value each; `docs/run.md` shows the whole table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from gateway.errors import SettingsError

MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0

PREFIX = "GATEWAY_KEEP_"

_WRITTEN = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS = {"s": 1.0, "m": MINUTE, "h": HOUR, "d": DAY}


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds that things are kept, where the caller of a method does not say."""

    # Choices: see CHOICES.
    language: float = 400 * DAY
    stream: float = 90 * DAY
    texts: float = 7 * DAY
    messages: float = 90 * DAY
    followers: float = 400 * DAY
    jobs: float = 90 * DAY
    callbacks: float = 90 * DAY
    feedback: float = 400 * DAY
    audit: float = 400 * DAY
    # Fixed by what they are for: see FIXED.
    effects: float = 7 * DAY
    pieces: float = 7 * DAY
    requests: float = 48 * HOUR
    provider_ids: float = 8 * DAY
    early_receipts: float = HOUR
    inbox: float = DAY


@dataclass(frozen=True, slots=True)
class Choice:
    """A lifetime that is chosen: between `least` and `most` seconds, because of `why`."""

    variable: str
    what: str
    least: float
    most: float
    why: str


CHOICES: Mapping[str, Choice] = MappingProxyType(
    {
        "language": Choice(
            f"{PREFIX}LANGUAGE",
            "a citizen's language, since she last began a conversation or chose one",
            2 * DAY,
            1200 * DAY,
            "it outlives every conversation, which lasts a day",
        ),
        "stream": Choice(
            f"{PREFIX}ORDERS",
            "an order of a citizen's step that no worker could do, sealed",
            7 * DAY,
            400 * DAY,
            "a worker that was away for a week still finds it",
        ),
        "texts": Choice(
            f"{PREFIX}TEXTS",
            "number and text of a message, sealed, since it settled",
            2 * DAY,
            90 * DAY,
            "its agency is told of its end for about a day, by the reference that lies with it",
        ),
        "messages": Choice(
            f"{PREFIX}MESSAGES",
            "the record of a message: states, times, reasons, template, agency; and those it is"
            " found by, the agency's references",
            7 * DAY,
            400 * DAY,
            "an agency asks a week later what became of it",
        ),
        "followers": Choice(
            f"{PREFIX}FOLLOWERS",
            "who follows a case, sealed, since somebody last began to",
            30 * DAY,
            1200 * DAY,
            "a case takes weeks before there is news",
        ),
        "jobs": Choice(
            f"{PREFIX}JOBS",
            "the record of a batch or an update: how many, and how far",
            3 * DAY,
            400 * DAY,
            "the same list brought again is known for two days",
        ),
        "callbacks": Choice(
            f"{PREFIX}CALLBACKS",
            "a call-back, sealed, since it ended",
            DAY,
            400 * DAY,
            "who ended it by mistake can look it up the next day",
        ),
        "feedback": Choice(
            f"{PREFIX}FEEDBACK",
            "a rating and its comment, without number",
            7 * DAY,
            1200 * DAY,
            "the desk looks at a week",
        ),
        "audit": Choice(
            f"{PREFIX}AUDIT",
            "who did what at the desk, through the API or in the terminal",
            90 * DAY,
            1200 * DAY,
            "an inquiry comes months later",
        ),
    }
)
"""By the field of Lifetimes."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A lifetime that nobody chooses. `life` is in words."""

    what: str
    life: str
    why: str


FIXED: Sequence[Fixed] = (
    Fixed(
        "a conversation, sealed",
        "10 minutes; as long as the service's `resume_for`; a day by SMS",
        "the menu says how long she can go on",
    ),
    Fixed("pins, sealed", "5 minutes", "longer than any operator keeps one session open"),
    Fixed("whose a provider's session is", "1 hour", "longer than any session"),
    Fixed(
        "the memory that an effect was done, without number",
        "7 days, or as long as the conversation",
        "a repeat must do nothing twice",
    ),
    Fixed("that a text message was answered", "48 hours", "so long providers bring it again"),
    Fixed("how many messages she sent", "10 minutes; a day", "two machines must not talk for ever"),
    Fixed("that one text went to one number", "1 hour", "the brake counts within an hour"),
    Fixed(
        "what a back end answered a citizen, sealed",
        "as the operation's `cache` says",
        "its agency knows how soon an answer is old",
    ),
    Fixed(
        "what a slow call came to, sealed",
        "1 day",
        "as long as any conversation lasts",
    ),
    Fixed(
        "that such an answer is to be brought by SMS, sealed",
        "10 minutes",
        "what is later than that helps nobody",
    ),
    Fixed("how a back end fares", "1 day", "nobody is in it"),
    Fixed(
        "who is signed in at the desk, sealed",
        "30 minutes without a click, 12 hours at most",
        "a desk is left for lunch, and for the night",
    ),
    Fixed("an account of staff, sealed", "for ever", "a supervisor disables it"),
    Fixed("an agency's Idempotency-Key and its answer", "48 hours", "the API promises so"),
    Fixed(
        "rows of a batch, sealed",
        "until they are accepted, 7 days at most",
        "a worker that was away for a week still finds them",
    ),
    Fixed("a provider's id of a message", "8 days", "longer than any receipt is waited for"),
    Fixed("a receipt that came too early", "1 hour", "its message is known in a moment"),
    Fixed(
        "counts by day, agency, template and state",
        "400 days",
        "nobody is in them; a year is held against the year before",
    ),
    Fixed("a stop word", "until she takes it back", "no silence may end by itself"),
    Fixed("an agency's key", "until its own date", "`gateway keys create --expires` says it"),
    Fixed("what a simulated phone received", "1 day", "a demo's phones have no other memory"),
)


def read(written: Mapping[str, str]) -> Lifetimes:
    """The lifetimes that the variables in `written` choose; what is not in it, or empty, is as
    usual. Raises SettingsError, a line for each variable that is wrong or unknown."""
    named = {choice.variable: field for field, choice in CHOICES.items()}
    faults, chosen = [], {}
    for variable, text in written.items():
        if not variable.startswith(PREFIX) or not text.strip():
            continue
        field = named.get(variable)
        if field is None:
            faults.append(f"{variable} is no lifetime: there are {', '.join(named)}")
            continue
        choice = CHOICES[field]
        found = _WRITTEN.fullmatch(text.strip())
        seconds = int(found[1]) * _UNITS[found[2]] if found else -1.0
        if choice.least <= seconds <= choice.most:
            chosen[field] = seconds
        else:
            faults.append(
                f"{variable} is wrong: give {days(choice.least)} to {days(choice.most)}, as in"
                f" {days(getattr(Lifetimes(), field))} ({choice.why})"
            )
    if faults:
        raise SettingsError("\n".join(faults))
    return Lifetimes(**chosen)


def days(seconds: float) -> str:
    """As it is written in the environment: `90d`."""
    return f"{round(seconds / DAY)}d"
