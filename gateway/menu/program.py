"""The compiled program: what the engine runs. Immutable; a request only looks things up.

A step is known by `id`: a short hash of its service, part, verb and `save` or source text
(and its rank among equals), so that a session finds its step again in an edited menu.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import msgspec

from gateway.events import Encoding, Outcome
from gateway.menu.sending import VALID_FOR, SmsSettings
from gateway.text.language import Language


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in the author's files. `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


# ---- expressions and texts -----------------------------------------------------------


class Scope(msgspec.Struct, frozen=True):
    """What an expression sees. A name not in `values` is unset: false, and printed as nothing."""

    values: Mapping[str, object]
    language: Language
    labels: Callable[[str, object], str | None] = lambda name, value: None
    """The words, in her language, behind a saved value: `labels("acte", "naissance")`."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """`{dossier.statut == 'pret'}`: its grammar was decided at load, `evaluate` is closures.

    `reads` holds every dotted path it looks up: `{("dossier", "statut")}`.
    `asks` holds the names that its truth implies are set (`name and …`).
    """

    source: str
    place: Place
    evaluate: Callable[[Scope], object]
    reads: frozenset[tuple[str, ...]]
    asks: frozenset[str] = frozenset()
    filters: tuple[str, ...] = ()


Template = tuple[str | Expression, ...]
"""A text cut at its braces: literals and expressions (whose last filter gives a string)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A text as one language is served: `language` is the one it is really in (fallback chain)."""

    language: str
    forms: tuple[Template, ...]  # one, or the catalogue's plural forms in order
    plural: Callable[[int], int]  # count → index into `forms`
    gsm: tuple[Template, ...] | None = None  # the translator's own GSM-7 forms, same order
    fuzzy: bool = False
    place: Place | None = None  # in the PO file; None for the source


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """What the author wrote, and every offered language's variant of it."""

    source: str  # msgid: the author's text, or his `one` form
    source_plural: str | None  # his `other` form
    domain: str
    place: Place
    count: Expression | None
    variants: Mapping[str, Variant]  # by language code, all offered languages
    locate: tuple[Callable[[int], Place], ...] = ()  # by form: offset → place

    def render(self, language: str, scope: Scope, *, gsm: bool) -> str:
        """The text in `language`, its braces filled. `gsm` prefers the translator's GSM variant.

        Not yet transliterated: that is the bearer's business (`gateway.text`).
        """
        variant = self.variants[language]
        forms = variant.gsm if gsm and variant.gsm is not None else variant.forms
        template = forms[0]
        if len(forms) > 1 and self.count is not None:
            count = self.count.evaluate(scope)
            template = forms[variant.plural(_counted(count))]
        if len(template) == 1 and isinstance(template[0], str):
            return template[0]
        return "".join(
            [piece if isinstance(piece, str) else show(piece.evaluate(scope)) for piece in template]
        )

    def static(self, language: str) -> bool:
        """Whether it reads no variable: it can be measured and paged before anyone calls."""
        variant = self.variants[language]
        return all(
            isinstance(piece, str)
            for forms in (variant.forms, variant.gsm or ())
            for template in forms
            for piece in template
        )


def _counted(count: object) -> int:
    """A number as a back end may write it; what is none counts as nothing."""
    if isinstance(count, str) and count.isascii() and count.isdigit():
        return int(count[:18])
    return abs(int(count)) if isinstance(count, int | float) and abs(count) < 1e18 else 0


def show(value: object) -> str:
    """How a value stands in a text: unset is nothing, a boolean is not shown as Python's."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


# ---- where to go ---------------------------------------------------------------------


class Way(StrEnum):
    PART = "part"  # of `Target.service`
    HOME = "home"
    LANGUAGE = "language"
    AGAIN = "again"  # fails only: the last question is asked again with its error
    CONTINUE = "continue"  # fails only: go on below
    UNKNOWN = "unknown"  # a finding already names it; such a program is never served


@dataclass(frozen=True, slots=True)
class Target:
    way: Way
    place: Place
    service: str = ""
    part: str = "start"


# ---- steps: one class per verb -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    id: str
    service: str
    part: str
    index: int
    place: Place
    when: Expression | None = None
    verb: str = field(init=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`value` is what `save` keeps: the author's, or the source-language label."""

    label: Text
    value: str
    go: Target | None
    when: Expression | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(Step):
    text: Text
    choices: tuple[Choice, ...]
    save: str | None = None
    error: Text | None = None
    verb: str = field(init=False, default="menu")


@dataclass(frozen=True, slots=True)
class Bound:
    """A least or greatest: a number, or for dates a fixed day or `today` ± days."""

    number: int | None = None
    day: str | None = None  # ISO
    today: bool = False
    offset: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerType:
    """What an answer must be. `base` names a file of `gateway/engine/answers/`."""

    base: str  # text name digits number amount date phone pin
    named: str | None = None  # the site's own name for it
    length: tuple[int, int] | None = None  # least and most characters, both included
    least: Bound | None = None
    most: Bound | None = None
    example: str | None = None
    pattern: re.Pattern[str] | None = None  # the whole answer
    checksum: str | None = None  # "luhn"
    error: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Step):
    text: Text
    type: AnswerType
    save: str | None = None
    error: Text | None = None  # the step's, else the type's, else None (our own sentence then)
    optional: bool = False
    check: Operation | None = None
    gives: str | None = None  # variable that keeps what `check` gave
    verb: str = field(init=False, default="ask")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A CSV of the deployment: cells are strings."""

    name: str
    fields: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class List(Step):
    records: Expression | Table
    text: Text
    item: Text
    save: str | None = None
    value: str | None = None  # the record's field that `save` keeps; None: the record
    value_place: Place | None = None
    choices: tuple[Choice, ...] = ()
    error: Text | None = None
    empty: Text | Target | None = None
    where: Expression | None = None
    search: Text | None = None
    verb: str = field(init=False, default="list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Step):
    text: Text
    cancel: Target | None = None
    verb: str = field(init=False, default="confirm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Step):
    text: Text
    comment: Text | None = None
    verb: str = field(init=False, default="rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Say(Step):
    text: Text
    verb: str = field(init=False, default="say")


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Step):
    text: Text
    verb: str = field(init=False, default="end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Step):
    operation: Operation
    arguments: tuple[tuple[str, Expression], ...]  # `phone` and secrets among them, by name
    sends_phone: bool = False
    secrets: frozenset[str] = frozenset()  # variables among `arguments` that are pins
    save: str | None = None
    fails: Mapping[Outcome, Target] = field(default_factory=dict)  # every outcome but ok
    verb: str = field(init=False, default="call")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms(Step):
    message: Message
    verb: str = field(init=False, default="sms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback(Step):
    queue: Queue
    details: tuple[tuple[str, Expression], ...] = ()
    verb: str = field(init=False, default="callback")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Step):
    reference: Expression
    verb: str = field(init=False, default="follow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch(Step):
    cases: tuple[tuple[Expression, Target], ...]
    otherwise: Target
    verb: str = field(init=False, default="switch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Go(Step):
    target: Target
    verb: str = field(init=False, default="go")


@dataclass(frozen=True, slots=True, kw_only=True)
class Do(Step):
    target: Target
    verb: str = field(init=False, default="do")


# ---- services ------------------------------------------------------------------------


class Resume(StrEnum):
    ASK = "ask"
    CONTINUE = "continue"
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One of a service's `messages`. `data` is None for those that only its own flow sends."""

    name: str
    service: str
    text: Text  # the author's
    sent: Text  # the same, beginning with who sends it
    place: Place
    ussd: str | None = None  # the code that leads to its service
    data: Mapping[str, FieldType] | None = None
    essential: bool = False
    resend_if_unsure: bool = False
    valid_for: timedelta = VALID_FOR  # the site's, where the message says nothing
    any_hour: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str  # "etat-civil", "commun/rappel"
    title: Text
    agency: str
    place: Place
    keywords: tuple[str, ...]
    languages: tuple[str, ...]  # offered here, in the site's order
    resume: Resume
    resume_for: timedelta
    parts: Mapping[str, tuple[Step, ...]]
    messages: Mapping[str, Message]
    pins: frozenset[str]  # variables that hold secrets, here or in what it `do`es
    asks_language: bool  # holds `do: language`
    keyword_places: tuple[Place, ...] = ()  # of `keywords`, in their order
    labels: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    """By name and value: a choice's words, or a declared value's; of what it `do`es too."""


# ---- the site ------------------------------------------------------------------------


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MONEY = "money"
    YES_NO = "yes_no"
    ONE_OF = "one_of"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A declared field: `most` characters at worst, or one of `values`."""

    kind: Kind
    most: int = 20
    values: tuple[str, ...] = ()
    labels: Mapping[str, Text] = field(default_factory=dict)  # of `values`, domain `site`


class Late(StrEnum):
    """How the outcome of a call reaches her who no longer waits for it."""

    SMS = "sms"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    name: str  # "anip.creer_demande"
    backend: str
    method: str  # GET POST PUT PATCH DELETE
    path: str  # "/tarifs/{acte}"
    gives: Mapping[str, FieldType]
    many: bool  # gives_list: an array of such objects
    outcomes: Mapping[int, Outcome]  # by HTTP status
    safe: bool  # changes nothing: a get, or marked so
    place: Place
    told_by: str = ""  # the field of an answer that says its outcome, "" for none
    told: Mapping[str, Outcome] = field(default_factory=dict)  # by that field's value
    timeout: timedelta | None = None  # its own, else the back end's
    cache: timedelta | None = None  # for so long an answer is kept for the citizen who got it
    late: Late | None = None


@dataclass(frozen=True, slots=True)
class EnvRef:
    """`env:NAME`: read at the start of a process that needs it, never at load."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Backend:
    name: str
    url: str | EnvRef
    token: EnvRef | None
    timeout: timedelta
    insecure: bool
    headers: Mapping[str, str | EnvRef]
    operations: Mapping[str, Operation]
    place: Place
    at_once: int = 64  # calls at a time, of all processes together


@dataclass(frozen=True, slots=True)
class Agency:
    name: str
    title: str
    webhook: str | EnvRef | None
    place: Place
    sender: Text  # its short name, which its messages begin with
    webhook_secret: EnvRef | None = None  # never None beside a webhook


@dataclass(frozen=True, slots=True)
class Operator:
    network: str  # "61603"
    name: str
    encoding: Encoding
    budget: int


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    title: Text
    promise: timedelta
    promise_text: str  # as the author wrote it: "48 h"
    place: Place


@dataclass(frozen=True, slots=True)
class Keys:
    back: str = "0"
    home: str = "00"
    more: str = "98"
    skip: str = "99"  # passes an optional question


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    source: str
    country: str
    timezone: str
    languages: Mapping[str, Language]  # all declared, in order
    offered: tuple[str, ...]  # drafts only where they are allowed
    agencies: Mapping[str, Agency]
    codes: Mapping[str, str]  # "*229*1#" → service, as written
    keys: Keys
    budget: int  # septets of a USSD page where the operator says nothing
    operators: Mapping[str, Operator]  # by network code
    sms: SmsSettings
    types: Mapping[str, AnswerType]
    callbacks: Mapping[str, Queue]
    backends: Mapping[str, Backend]
    place: Place
    language_places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    hash: str  # of every file that went into it
    site: Site
    services: Mapping[str, Service]
    steps: Mapping[str, Step]  # by id
    words: Mapping[str, Text]  # the gateway's own, by the keys of `gateway.menu.words`
    tables: Mapping[str, Table]
    codes: Mapping[tuple[str, ...], str]  # ("229", "1") → service

    def dialled(self, segments: tuple[str, ...]) -> tuple[tuple[str, ...], str] | None:
        """The longest code that `segments` begin with, and its service."""
        # Of a hostile request's hundred thousand segments none is looked at in vain.
        longest = max(map(len, self.codes), default=0)
        heads = (segments[:end] for end in range(min(longest, len(segments)), 0, -1))
        return next(((head, self.codes[head]) for head in heads if head in self.codes), None)
