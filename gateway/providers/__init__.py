"""Wire dialects of USSD and SMS providers: one file each, found by its name.

A dialect's file ends with `DIALECT = Dialect(…)`. Its name is the `{provider}` of the callback
addresses, so a new provider is a new file and nothing else.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType

import msgspec

from gateway.events import UssdReply, UssdRequest


class Ending(StrEnum):
    """How the provider says that a USSD session ended."""

    SUCCESS = "success"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    OTHER = "other"


class SessionEnded(msgspec.Struct, frozen=True, gc=False):
    """What is kept of an ended-session event: nothing about the citizen."""

    ending: Ending


class Wire(msgspec.Struct, frozen=True, gc=False):
    """An HTTP answer, ready to send: header names and values as ASGI wants them."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider speaks.

    `read_ussd(body, content_type, country)` gives the canonical request; `country` (ISO 3166)
    is where numbers without a country code belong. It raises RequestRefused for what cannot
    come from this provider (answered 4xx) and RequestMalformed for what can, yet lacks
    something (answered by a polite last page). `content_type` is the header as sent, "" if
    there is none. `read_event` reads an ended-session event and raises RequestRefused alone.
    """

    name: str
    read_ussd: Callable[[bytes, str, str], UssdRequest]
    write_ussd: Callable[[UssdReply], Wire]
    read_event: Callable[[bytes, str], SessionEnded] | None = None
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
