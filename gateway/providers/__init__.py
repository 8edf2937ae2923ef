"""Wire dialects of USSD and SMS providers: one file each, found by its name.

A dialect's file ends with `DIALECT = Dialect(…)`. Its name is the `{provider}` of the callback
addresses, so a new provider is a new file and nothing else.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType
from typing import Protocol

import httpx2
import msgspec

from gateway.events import (
    IncomingSms,
    OptedOut,
    OutgoingSms,
    Receipt,
    Submission,
    UssdReply,
    UssdRequest,
)


class Ending(StrEnum):
    """How the provider says that a USSD session ended."""

    SUCCESS = "success"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    OTHER = "other"


class SessionEnded(msgspec.Struct, frozen=True, gc=False):
    """What is kept of an ended-session event: nothing about the citizen."""

    ending: Ending


class Present(msgspec.Struct, frozen=True, gc=False):
    """A provider asked whether we are there."""


Read = UssdRequest | SessionEnded | Present


class Wire(msgspec.Struct, frozen=True, gc=False):
    """An HTTP answer, ready to send: header names and values as ASGI wants them."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


TAKEN = Wire(200, ((b"content-length", b"0"),), b"")
"""What most providers want to hear of a text message, a receipt or an opt-out."""


class Visit(msgspec.Struct, frozen=True):
    """What is found at an address behind `…/ussd/`. `route` is its template, for logs; `read` is
    given body, content type and country as `Dialect.read_ussd` is, and raises the same; `taken`
    answers what is no request of a citizen."""

    route: str
    method: str
    read: Callable[[bytes, str, str], Read]
    taken: Wire = TAKEN


class Sender(Protocol):
    """Hands messages to one provider. Made by `Sending.open` where messages are sent, and there
    alone: a provider's library is imported by nobody else."""

    async def send(self, sms: OutgoingSms) -> Submission:
        """One attempt for one number, within a deadline of the sender's own. Never raises."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How one provider is sent through.

    `settings` are the names in the environment without which it cannot be; `open` is given the
    environment and a client that follows no redirects, and raises SettingsError for a value that
    is wrong. With `names_messages` the provider takes our message's id for its own, so that a
    receipt finds a message even where the answer to its sending was lost.
    """

    settings: tuple[str, ...]
    open: Callable[[Mapping[str, str], httpx2.AsyncClient], Sender]
    names_messages: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider speaks.

    `read_ussd(body, content_type, country)` gives the canonical request; `country` (ISO 3166)
    is where numbers without a country code belong. It raises RequestRefused for what cannot
    come from this provider (answered 4xx) and RequestMalformed for what can, yet lacks
    something (answered by a polite last page). `content_type` is the header as sent, "" if
    there is none. `read_event` reads an ended-session event and raises RequestRefused alone.
    A dialect whose sessions have addresses of their own has `find_ussd(method, rest)` instead,
    which finds what `rest`, the parts of the path behind `…/ussd/`, is; one without USSD neither.

    `read_sms`, `read_receipts` and `read_opt_outs` read what else the provider calls with, one
    or several at once; they raise RequestRefused alone. A message that lacks something is left
    out rather than refused, or the provider would bring it again for hours. `taken` answers all
    three. `sending` is None for a provider that only brings.
    """

    name: str
    read_ussd: Callable[[bytes, str, str], UssdRequest] | None = None
    write_ussd: Callable[[UssdReply], Wire] | None = None
    find_ussd: Callable[[str, Sequence[str]], Visit | None] | None = None
    read_event: Callable[[bytes, str], SessionEnded] | None = None
    read_sms: Callable[[bytes, str, str], Sequence[IncomingSms]] | None = None
    read_receipts: Callable[[bytes, str], Sequence[Receipt]] | None = None
    read_opt_outs: Callable[[bytes, str, str], Sequence[OptedOut]] | None = None
    taken: Wire = TAKEN
    sending: Sending | None = None
    most_bytes: int = 256 * 1024  # of a request's body


def _find() -> Mapping[str, Dialect]:
    found: dict[str, Dialect] = {}
    for module in pkgutil.iter_modules(__path__):
        dialect = getattr(import_module(f"{__name__}.{module.name}"), "DIALECT", None)
        if isinstance(dialect, Dialect):
            found[dialect.name] = dialect
    return MappingProxyType(found)


dialects: Mapping[str, Dialect] = _find()
"""Every dialect, by the name that stands in its callback addresses."""
