"""What a verb declares, and what its function is given to make a step of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.menu.program import Expression, Place, Step
from gateway.menu.shapes import Fields, Key, Shape
from gateway.menu.sheet import Sheet
from gateway.menu.values import EXPRESSION

S = TypeVar("S", bound=Step)

WHEN = Key("when", EXPRESSION, "L'étape est sautée si ce n'est pas vrai.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A step before its verb has its say: what all steps have, and the keys that were read."""

    id: str
    service: str
    part: str
    index: int
    place: Place  # of the step
    when: Expression | None
    fields: Fields
    sheet: Sheet

    def make(self, kind: type[S], **own: Any) -> S:
        """The step, with what is its verb's own."""
        return kind(
            id=self.id,
            service=self.service,
            part=self.part,
            index=self.index,
            place=self.place,
            when=self.when,
            **own,
        )


Make = Callable[[Draft], Step | None]
"""Gives the step, or None once a finding was made."""


@dataclass(frozen=True, slots=True)
class Verb:
    """`value` is what stands behind the verb itself; `about` tells it to editors, in French."""

    name: str
    value: Shape
    about: str
    keys: tuple[Key, ...]
    make: Make

    @property
    def all_keys(self) -> tuple[Key, ...]:
        return (Key(self.name, self.value, self.about, required=True), *self.keys, WHEN)


verbs: dict[str, Verb] = {}


def verb(name: str, value: Shape, about: str, *keys: Key) -> Callable[[Make], Make]:
    """Registers what makes a verb's step; a name belongs to one verb only."""

    def register(make: Make) -> Make:
        if name in verbs:
            raise ValueError(f"two verbs are called {name}")
        verbs[name] = Verb(name, value, about, keys, make)
        return make

    return register
