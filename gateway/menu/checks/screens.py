"""The screens that a step can show, and what they need at worst on each operator's phones.

A page is the texts, then a line for each choice, then the lines of the keys. A text above it
(`say`) pages by itself where both don't fit, and so does our own sentence after a wrong answer;
a list pages by its records. So each of these is measured alone, a list with its longest record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.events import Encoding
from gateway.menu.checks.definition import Definition
from gateway.menu.checks.flow import Flow
from gateway.menu.checks.reading import record_fields
from gateway.menu.checks.worst import Fields, size, worst
from gateway.menu.keypad import Keys
from gateway.menu.program import (
    Ask,
    Choice,
    Confirm,
    End,
    FieldType,
    List,
    Menu,
    Message,
    Program,
    Rate,
    Say,
    Service,
    Sms,
    Step,
    Text,
)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One text of a screen, after its number if it has one."""

    text: Text
    number: str = ""
    fields: Fields | None = None

    @property
    def lead(self) -> str:
        return f"{self.number}. " if self.number else ""


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """`keys` are the names of the words of its keys: skip, more, back, home."""

    step: Step
    lines: tuple[Line, ...]
    keys: tuple[str, ...]


class Screens:
    """All screens of a program, with the values that can stand on them."""

    def __init__(self, program: Program, flow: Flow) -> None:
        self.program = program
        self.flow = flow
        self.worst = worst(program)
        self._values: dict[str, dict[str, set[Definition]]] = {}

    def all(self) -> Iterator[Screen]:
        for service in self.program.services.values():
            yield from self.of_service(service)

    def of_service(self, service: Service) -> Iterator[Screen]:
        for steps in service.parts.values():
            for index, step in enumerate(steps):
                after = steps[index + 1] if index + 1 < len(steps) else None
                yield from self._of_step(step, after)

    def values(self, step: Step) -> dict[str, set[Definition]]:
        """What each variable can hold at `step`, whichever way led there."""
        if step.id not in self._values:
            found: dict[str, set[Definition]] = {}
            for visit in self.flow.of(step):
                if visit.inside is not None:
                    for name, values in visit.inside.variables.items():
                        found.setdefault(name, set()).update(values)
            self._values[step.id] = found
        return self._values[step.id]

    def values_of_message(self, message: Message) -> dict[str, set[Definition]]:
        """The same for a message, at the steps that send it."""
        found: dict[str, set[Definition]] = {}
        for step in self.program.steps.values():
            if isinstance(step, Sms) and step.message is message:
                for name, values in self.values(step).items():
                    found.setdefault(name, set()).update(values)
        return found

    def fields(self, step: Step | None) -> Fields:
        """The fields of the records that a `list` shows; none for other steps."""
        found: dict[str, FieldType] = {}
        for visit in self.flow.of(step) if isinstance(step, List) else ():
            if visit.inside is not None and isinstance(visit.step, List):
                found |= record_fields(self.flow, visit.step, visit.inside) or {}
        return found

    def render(self, screen: Screen, language: str, encoding: Encoding) -> str:
        """The whole screen at its worst values, not yet transliterated."""
        values = self.values(screen.step)
        shown = [
            line.lead + self.worst.text(line.text, language, encoding, values, line.fields)
            for line in screen.lines
        ]
        return "\n".join([*shown, *self._key_lines(screen.keys, language, encoding)])

    def size(self, screen: Screen, language: str, encoding: Encoding) -> int:
        spoken = self.program.site.languages[language]
        return size(self.render(screen, language, encoding), spoken, encoding)

    def _key_lines(self, keys: tuple[str, ...], language: str, encoding: Encoding) -> list[str]:
        numbers = self.program.site.keys
        return [
            f"{getattr(numbers, key)}. "
            + self.worst.text(self.program.words[key], language, encoding, {})
            for key in keys
        ]

    def _of_step(self, step: Step, after: Step | None) -> Iterator[Screen]:
        keys = self._keys(step)
        if isinstance(step, Menu | Ask):
            yield from self._of_question(step, keys)
        elif isinstance(step, List):
            yield from self._of_list(step, keys)
        elif isinstance(step, Rate):
            yield from self._of_rate(step, after, keys)
        elif isinstance(step, Confirm):
            words = self.program.words
            answers = (Line(words["yes"], "1"), Line(words["no"], "2"))
            yield Screen(step, (Line(step.text), *answers), keys)
        elif isinstance(step, Say):
            yield Screen(step, (Line(step.text),), ("more", *keys))
        elif isinstance(step, End):
            yield Screen(step, (Line(step.text),), ())

    def _of_question(self, step: Menu | Ask, keys: tuple[str, ...]) -> Iterator[Screen]:
        choices: list[Line] = []
        if isinstance(step, Menu):
            choices = _numbered(step.choices, self.program.site.keys)
        elif step.optional:
            keys = ("skip", *keys)
        for text in (step.text, step.error):
            if text is not None:
                yield Screen(step, (Line(text), *choices), keys)

    def _of_rate(self, step: Rate, after: Step | None, keys: tuple[str, ...]) -> Iterator[Screen]:
        above = (Line(after.text),) if isinstance(after, End) else ()
        yield Screen(step, (*above, Line(step.text), Line(self.program.words["rating"])), keys)
        if step.comment is not None:
            yield Screen(step, (Line(step.comment),), ("skip", "home"))

    def _of_list(self, step: List, keys: tuple[str, ...]) -> Iterator[Screen]:
        record = Line(step.item, "10", self.fields(step))
        yield Screen(step, (Line(step.text), record), ("more", *keys))
        if step.search is not None:
            yield Screen(step, (Line(step.search),), keys)
        if isinstance(step.empty, Text):
            yield Screen(step, (Line(step.empty),), keys)

    def _keys(self, step: Step) -> tuple[str, ...]:
        """The first screen of a conversation has no keys; after an effect there is no back."""
        inside = [visit.inside for visit in self.flow.of(step) if visit.inside is not None]
        back = ("back",) if any(True in state.behind for state in inside) else ()
        home = ("home",) if any(True in state.answered for state in inside) else ()
        return (*back, *home)


def _numbered(choices: tuple[Choice, ...], keys: Keys) -> list[Line]:
    """A choice never has the number of a key."""
    taken = {keys.back, keys.home, keys.more, keys.skip}
    lines: list[Line] = []
    number = 0
    for choice in choices:
        number += 1
        while str(number) in taken:
            number += 1
        lines.append(Line(choice.label, str(number)))
    return lines
