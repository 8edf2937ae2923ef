"""The numbers that turn pages and lead back, as a site has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    back: str = "0"
    home: str = "00"
    more: str = "98"
    skip: str = "99"  # passes an optional question
