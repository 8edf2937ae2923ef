"""How long each kind of record is kept."""

from __future__ import annotations

from dataclasses import dataclass

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds that things are kept, where the caller of a method does not say."""

    language: float = 400 * DAY  # since she last began a conversation or chose one
    effects: float = 7 * DAY  # the memory that an effect was done, or as long as its session
    stream: float = 90 * DAY  # an effect that nothing ever took off its stream
    callbacks: float = 90 * DAY  # a call-back, since it ended
    feedback: float = 400 * DAY  # a rating and its comment
    audit: float = 400 * DAY  # who did what at the desk
