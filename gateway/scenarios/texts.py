"""Which texts a step shows, to see whether they are there in a language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from gateway.menu.program import AnswerType, Choice, Message, Step, Text

_UNSEEN = {"error", "empty", "search"}  # shown only on some ways


def shown(step: Step) -> Iterator[Text]:
    """The texts that a citizen meets on her way through `step`."""
    yield from _texts(step)


def _texts(value: object) -> Iterator[Text]:
    if isinstance(value, Text):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Step | Choice | Message) and is_dataclass(value):
        for entry in fields(value):
            if entry.name not in _UNSEEN:
                yield from _texts(getattr(value, entry.name))
    elif isinstance(value, AnswerType):
        return
