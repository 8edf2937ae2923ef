"""What the site says of sending text messages. Frozen values; `gateway.menu.sms` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

RATE = 10
VALID_FOR = timedelta(days=3)
BRAKE = 3


@dataclass(frozen=True, slots=True)
class Provider:
    """One to send through. Whether there is such a provider is known only where it is used."""

    name: str
    rate: int = RATE  # segments a second


@dataclass(frozen=True, slots=True)
class SmsSettings:
    sender: str | None
    start: str | None
    stop: tuple[str, ...]
    again: tuple[str, ...]
    help: tuple[str, ...]
    quiet: tuple[str, str] | None  # ("21:00", "07:00")
    essential: bool = False  # the site's consent: `essential` messages pass a STOP
    providers: tuple[Provider, ...] = ()  # in the order they are tried
    valid_for: timedelta = VALID_FOR  # of messages that say nothing
    brake: int = BRAKE  # times an hour that one number gets the same text
    price: Decimal | None = None  # francs a segment
