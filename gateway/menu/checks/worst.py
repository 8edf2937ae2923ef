"""The longest that a text can become: what it is filled with, at its greatest length.

Lengths are those that the site declares: a field's greatest length or longest value, an
answer's `length` or `max`. Where nothing is known, amounts are below a thousand million and
texts have 20 characters. A longer value is paged at run time, never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice, product

from gateway.events import Encoding
from gateway.menu.checks.definition import UNSET, Definition, Holds, Promise, Shape
from gateway.menu.program import (
    AnswerType,
    Bound,
    Choice,
    Expression,
    FieldType,
    Kind,
    Program,
    Scope,
    Template,
    Text,
    Variant,
    show,
)
from gateway.text.gsm7 import units
from gateway.text.language import Language
from gateway.text.transliteration import fit

_LETTER = "m"
_UNKNOWN = 20
_NUMBER = 999_999_999
_USUAL_NUMBER = 12_500
_TEXT = 40  # characters of a typed answer of no known length
_PHONE = "+2290197000000"
_TODAY = date(2026, 9, 28)
_DAYS = tuple(f"2026-{month:02}-28" for month in range(1, 13))
_COMBINATIONS = 64

Values = Mapping[str, Iterable[Definition]]
Fields = Mapping[str, FieldType]


def size(text: str, language: Language, encoding: Encoding) -> int:
    """Septets or UTF-16 units of `text` as a phone gets it."""
    return units(fit(text, encoding, language.policy), encoding)


class Filled:
    """Fills texts of one program with the longest of the values that `holds` gives."""

    def __init__(self, program: Program, holds: Callable[[Holds], tuple[object, ...]]) -> None:
        self.program = program
        self._holds = holds
        site = program.site
        self._everywhere: dict[str, object] = {
            "phone": _PHONE,
            "language": max((one.name for one in site.languages.values()), key=len, default=""),
            "operator": max((one.name for one in site.operators.values()), key=len, default=""),
            "channel": "ussd",
            "today": _TODAY,
            "ussd": max(site.codes, key=len, default=""),
        }

    def text(
        self,
        text: Text,
        language: str,
        encoding: Encoding,
        values: Values,
        fields: Fields | None = None,
    ) -> str:
        """The longest form of `text` as `language` is served it in `encoding`."""
        spoken = self.program.site.languages[language]
        variant = text.variants[language]
        filled = [
            self._filled(form, spoken, encoding, values, fields or {})
            for form in _forms(variant, encoding)
        ]
        return max(filled, key=lambda form: size(form, spoken, encoding))

    def _filled(
        self,
        form: Template,
        language: Language,
        encoding: Encoding,
        values: Values,
        fields: Fields,
    ) -> str:
        return "".join(
            piece
            if isinstance(piece, str)
            else self.expression(piece, language, encoding, values, fields)
            for piece in form
        )

    def expression(
        self,
        expression: Expression,
        language: Language,
        encoding: Encoding,
        values: Values,
        fields: Fields,
    ) -> str:
        """The longest that one `{…}` can give."""
        paths = sorted(expression.reads)
        choices = [self._candidates(path, values, fields) for path in paths]
        labels = _Labels(values, fields, language.code)
        found = [""]
        for combination in islice(product(*choices), _COMBINATIONS):
            scope = Scope(_nested(paths, combination), language, labels)
            found.append(show(expression.evaluate(scope)))
        return max(found, key=lambda filled: size(filled, language, encoding))

    def _candidates(
        self, path: tuple[str, ...], values: Values, fields: Fields
    ) -> tuple[object, ...]:
        name = path[0]
        if len(path) == 1:
            if name in fields:
                return self._holds(fields[name])
            if name in self._everywhere:
                return (self._everywhere[name],)
        found: list[object] = []
        for source in values.get(name, ()):
            if source == UNSET:
                continue
            if len(path) == 1:
                found += self._holds(source.holds)
            elif source.shape is Shape.RECORD and source.fields is not None:
                found += self._holds(source.fields.get(path[1]))
        return tuple(found) or (_LETTER * _UNKNOWN,)


def worst(program: Program) -> Filled:
    """Each text at its longest."""
    return Filled(program, held)


def typical(program: Program) -> Filled:
    """Each text as it mostly is, for estimates."""
    return Filled(program, _usual)


class _Labels:
    """`Scope.labels`: the words behind a saved choice, or behind a field's declared value."""

    def __init__(self, values: Values, fields: Fields, language: str) -> None:
        self.values, self.fields, self.language = values, fields, language

    def __call__(self, name: str, value: object) -> str | None:
        for holds in self._held(name):
            found = _label(holds, str(value))
            if found is not None:
                form = found.variants[self.language].forms[0]
                return "".join(piece for piece in form if isinstance(piece, str))
        return None

    def _held(self, name: str) -> Iterator[Holds]:
        variable, _, field = name.partition(".")
        if name in self.fields:
            yield self.fields[name]
        for source in self.values.get(variable, ()):
            yield (source.fields or {}).get(field) if field else source.holds


def _label(holds: Holds, value: str) -> Text | None:
    if isinstance(holds, FieldType):
        return holds.labels.get(value)
    if isinstance(holds, tuple):
        return next((choice.label for choice in holds if choice.value == value), None)
    return None


def _forms(variant: Variant, encoding: Encoding) -> tuple[Template, ...]:
    if encoding is Encoding.GSM7 and variant.gsm is not None:
        return variant.gsm
    return variant.forms


def _nested(paths: list[tuple[str, ...]], values: tuple[object, ...]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for path, value in zip(paths, values, strict=True):
        inner = nested
        for name in path[:-1]:
            step = inner.setdefault(name, {})
            if not isinstance(step, dict):
                break  # read as a value and as a record: an error of its own
            inner = step
        else:
            if not isinstance(inner.get(path[-1]), dict):
                inner[path[-1]] = value
    return nested


def held(holds: Holds) -> tuple[object, ...]:
    """Values to try, the longest among them."""
    if isinstance(holds, FieldType):
        return _of_field(holds)
    if isinstance(holds, AnswerType):
        return _of_answer(holds)
    if isinstance(holds, Promise):
        return (holds.queue.promise_text,)
    if holds is None:
        return (_LETTER * _UNKNOWN,)
    return tuple(choice.value for choice in holds if isinstance(choice, Choice))


def _usual(holds: Holds) -> tuple[object, ...]:
    """Half of the greatest length, an amount of five digits, a choice of middling length."""
    if isinstance(holds, FieldType) and holds.kind is Kind.TEXT:
        return (_LETTER * ((holds.most + 1) // 2),)
    values = held(holds)
    if values == (_NUMBER,):
        return (_USUAL_NUMBER,)
    if len(values) > 1:
        return (sorted(values, key=lambda value: len(str(value)))[len(values) // 2],)
    return values


def _of_field(field: FieldType) -> tuple[object, ...]:
    if field.kind in (Kind.NUMBER, Kind.MONEY):
        return (_NUMBER,)
    if field.kind is Kind.DATE:
        return _DAYS
    if field.kind is Kind.YES_NO:
        return (True,)
    if field.kind is Kind.ONE_OF:
        return field.values
    return (_LETTER * field.most,)


def _of_answer(answer: AnswerType) -> tuple[object, ...]:
    if answer.base in ("number", "amount"):
        return (_bound(answer.most) or _NUMBER, _bound(answer.least) or 0)
    if answer.base == "date":
        return _DAYS
    if answer.base == "phone":
        return (_PHONE,)
    letter = "9" if answer.base in ("digits", "pin") else _LETTER
    return (letter * (answer.length[1] if answer.length is not None else _TEXT),)


def _bound(bound: Bound | None) -> int | None:
    return bound.number if bound is not None else None
