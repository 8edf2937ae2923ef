"""Languages as a site offers them, those that CLDR doesn't know included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.events import Encoding


class State(StrEnum):
    READY = "ready"
    DRAFT = "draft"  # offered, and its fuzzy entries served, only where drafts are allowed


class Policy(StrEnum):
    """How a text loses what GSM-7 lacks."""

    KEEP = "keep"  # what GSM-7 has stays (French é è à ù), the rest loses its marks
    FLAT = "flat"  # tonal languages: all tones go, or none


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its words for dates, its plural rule, and how it fits a basic phone."""

    code: str  # "fr", "fon", "yo_BJ"
    name: str  # in itself: "Fɔngbè"
    state: State
    policy: Policy
    sms: Encoding  # what a text message in it is sent as
    plurals: int  # how many forms a catalogue holds
    plural_rule: str  # gettext expression, the Plural-Forms header's
    plural: Callable[[int], int]
    months: tuple[str, ...]  # January first
    days: tuple[str, ...]  # Monday first
    fallback: tuple[str, ...] = ()  # languages asked next, the source last
    words: Mapping[str, str] = field(default_factory=dict)
