"""Every text of a program with the part that it plays: what checks and translators go through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.menu.program import (
    Ask,
    Choice,
    Confirm,
    End,
    Expression,
    FieldType,
    List,
    Menu,
    Message,
    Program,
    Rate,
    Say,
    Service,
    Step,
    Text,
)

_FILLED = re.compile(r"\{[^{}]*\}")


class Role(StrEnum):
    TITLE = "title"
    MENU = "menu"
    LABEL = "choice"
    ASK = "ask"
    ERROR = "error"
    LIST = "list"
    ITEM = "item"
    EMPTY = "empty"
    SEARCH = "search"
    CONFIRM = "confirm"
    RATE = "rate"
    COMMENT = "comment"
    SAY = "say"
    END = "end"
    MESSAGE = "message"
    TYPE = "type"  # the error of one of the site's types
    QUEUE = "queue"
    VALUE = "value"  # the words of a field's declared value
    SENDER = "sender"  # an agency's short name
    WORD = "word"  # the gateway's own


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """`name`: the message's, the type's, the queue's, the value's or the word's own."""

    text: Text
    role: Role
    service: str = ""
    step: Step | None = None
    choice: Choice | None = None
    message: Message | None = None
    name: str = ""

    @property
    def where(self) -> str:
        """For people who read no YAML: `etat-civil/demande, menu: choice`."""
        if self.step is None:
            return "/".join(piece for piece in (self.service, self.name) if piece)
        where = f"{self.service}/{self.step.part}, {self.step.verb}"
        return where if self.role.value == self.step.verb else f"{where}: {self.role.value}"


def spots(program: Program) -> Iterator[Spot]:
    """In the order of the services, and within one of its file."""
    for service in program.services.values():
        yield from _of_service(service)
    yield from _of_site(program)
    for key, text in program.words.items():
        yield Spot(text, Role.WORD, name=key)


def _of_service(service: Service) -> Iterator[Spot]:
    yield Spot(service.title, Role.TITLE, service.name, name="title")
    for steps in service.parts.values():
        for step in steps:
            yield from of_step(step)
    for message in service.messages.values():
        yield Spot(message.text, Role.MESSAGE, service.name, message=message, name=message.name)
        yield from _of_fields((message.data or {}).values(), service.name)


def of_step(step: Step) -> Iterator[Spot]:
    """The texts that one step shows, in the order of the screen."""
    for text, role, choice in _texts(step):
        yield Spot(text, role, step.service, step, choice)


_SINGLE: Mapping[type[Step], Role] = {
    Ask: Role.ASK,
    Confirm: Role.CONFIRM,
    Say: Role.SAY,
    End: Role.END,
}


def _texts(step: Step) -> Iterator[tuple[Text, Role, Choice | None]]:
    if isinstance(step, Menu):
        yield step.text, Role.MENU, None
        yield from _labels(step.choices)
    elif isinstance(step, List):
        yield from _list_texts(step)
    elif isinstance(step, Rate):
        yield step.text, Role.RATE, None
        if step.comment is not None:
            yield step.comment, Role.COMMENT, None
    elif isinstance(step, Ask | Confirm | Say | End):
        yield step.text, _SINGLE[type(step)], None
    if isinstance(step, Menu | Ask | List) and step.error is not None:
        yield step.error, Role.ERROR, None


def _list_texts(step: List) -> Iterator[tuple[Text, Role, Choice | None]]:
    if step.search is not None:
        yield step.search, Role.SEARCH, None
    yield step.text, Role.LIST, None
    yield step.item, Role.ITEM, None
    yield from _labels(step.choices)
    if isinstance(step.empty, Text):
        yield step.empty, Role.EMPTY, None


def _labels(choices: tuple[Choice, ...]) -> Iterator[tuple[Text, Role, Choice]]:
    for choice in choices:
        yield choice.label, Role.LABEL, choice


def _of_site(program: Program) -> Iterator[Spot]:
    site = program.site
    for agency in site.agencies.values():
        yield Spot(agency.sender, Role.SENDER, name=agency.name)
    for name, kind in site.types.items():
        if kind.error is not None:
            yield Spot(kind.error, Role.TYPE, name=name)
    for queue in site.callbacks.values():
        yield Spot(queue.title, Role.QUEUE, name=queue.name)
    for backend in site.backends.values():
        for operation in backend.operations.values():
            yield from _of_fields(operation.gives.values())


def _of_fields(fields: Iterable[FieldType], service: str = "") -> Iterator[Spot]:
    for field in fields:
        for value, text in field.labels.items():
            yield Spot(text, Role.VALUE, service, name=value)


def expressions(text: Text, language: str) -> Iterator[Expression]:
    """What `text` looks up as `language` is served, its count included."""
    variant = text.variants.get(language)
    if variant is not None:
        for template in (*variant.forms, *(variant.gsm or ())):
            for piece in template:
                if isinstance(piece, Expression):
                    yield piece
    if text.count is not None:
        yield text.count


def translatable(text: Text) -> bool:
    """Whether it holds words, and not only what is filled in."""
    return any(letter.isalpha() for letter in _FILLED.sub("", text.source))
