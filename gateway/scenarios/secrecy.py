"""What must stay hidden: where it would be seen, and how it is written instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from gateway.engine import Turned, encode

DOTS = "••••"


@dataclass(frozen=True, slots=True)
class Hidden:
    """Secrets in clear, as a scenario or a terminal knows them."""

    values: Iterable[str]

    def mask(self, text: str) -> str:
        for secret in sorted(self.values, key=len, reverse=True):
            text = text.replace(secret, DOTS)
        return text

    def found(self, turned: Turned) -> Iterator[str]:
        """Each place where one of them can be seen after a turn."""
        for where, texts in _seen(turned).items():
            if any(secret in text for secret in self.values for text in texts):
                yield where


def _seen(turned: Turned) -> dict[str, list[str]]:
    # When she was last seen is no secret, and a row of digits that could look like one.
    session = msgspec.structs.replace(turned.session, seen=0)
    return {
        "on the page": [turned.page],
        "in the session": [repr(session), encode(session).decode("utf-8", "replace")],
        "in what is done": [repr(effect) for effect in turned.effects],
        "in the trace": [repr(turned.trace), repr(turned.language)],
    }
