"""`{dossier.statut == 'pret'}`: Jinja2 decides the grammar, an allow-list what of it menus have.

Evaluating is closures made at load: no sandbox at run time, and nothing that could raise. A
name that is unset is nothing: false, and every comparison with it is false too.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from gateway.menu.codes import Code
from gateway.menu.filters import FILTERS
from gateway.menu.findings import nearest
from gateway.menu.program import Expression, Place, Scope

Evaluate = Callable[[Scope], object]

_jinja = Environment(autoescape=False)  # noqa: S701 - phones show plain text, never HTML
_LONGEST = 500
_DEEPEST = 20

_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,  # type: ignore[dict-item]  # what can't be ordered is caught
    "lteq": operator.le,  # type: ignore[dict-item]
    "gt": operator.gt,  # type: ignore[dict-item]
    "gteq": operator.ge,  # type: ignore[dict-item]
    "in": lambda left, right: left in right,  # type: ignore[operator]
    "notin": lambda left, right: left not in right,  # type: ignore[operator]
}

_REFUSED: Mapping[type[nodes.Expr], str] = {
    nodes.Call: "calls are not allowed",
    nodes.Getitem: "brackets after a name are not allowed; a field is written `record.field`",
    nodes.CondExpr: "`if` inside an expression is not allowed; use `when:` or `switch`",
    nodes.Test: "`is` is not allowed; a name alone is true where it is set",
    nodes.Concat: "`~` is not allowed; write the texts one after the other",
    nodes.Dict: "a map is not allowed in an expression",
}

GRAMMAR = frozenset(
    ("and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None")
)
"""Words that no variable and no field can be called by."""

_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![=!<>])=(?!=)"), "use == to compare"),
    (re.compile(r"&"), "use « and »"),
    (re.compile(r"\|\|"), "use « or »"),
    (re.compile(r"!(?!=)"), "use « not »"),
    (re.compile(r"[‘’“”«»]"), "use straight quotes: 'pret'"),
    (re.compile(r"\b(?:et|ou|non)\b"), "use « and », « or », « not »"),
    (re.compile(r"<>"), "use != for « differs from »"),
    (re.compile(r"[{}]"), "an expression holds no braces"),
)


_SHAPE = "a name, or a comparison such as acte == 'naissance', joined by and, or, not"
_HIDDEN = re.compile("[\u00ad\u180e\u200b-\u200f\u2060\ufeff]")
_GAPS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"(^#|#$)"),
        "« # »: a text has no comments",
        "a comment has a line of its own in the file, and begins with #",
    ),
    (
        re.compile(r"^(%)"),
        "« % »: a text has no statements",
        "write `when:` on a step or a choice, or use `switch`",
    ),
    (
        re.compile(r"(\|)\s*(?:$|\|)"),
        "a filter is missing after « | »",
        f"there are {', '.join(FILTERS)}",
    ),
    (re.compile(r"(==|!=|<=|>=|<|>|\b(?:and|or|not|in)|\.)\s*$"), "nothing follows « {} »", _SHAPE),
    (
        re.compile(r"^\s*(==|!=|<=|>=|<|>|\||(?:and|or|in)\b)"),
        "nothing stands before « {} »",
        _SHAPE,
    ),
    (re.compile(r"(['\"])"), "the quote {} is not closed", "a word stands between quotes: 'pret'"),
    (re.compile(r"^[^()]*(?:\([^()]*\)[^()]*)*(\()[^()]*$"), "« ( » is not closed", _SHAPE),
    (re.compile(r"^[^()\[\]]*([)\]])"), "« {} » closes nothing", _SHAPE),
)


class Refused(Exception):
    """Not an expression of menus: `code`, what is wrong, a hint, and where in the source."""

    def __init__(self, code: Code, message: str, hint: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.offset = code, message, hint, offset


@dataclass(slots=True)
class _Reading:
    """What one expression was seen to use."""

    source: str
    reads: set[tuple[str, ...]] = field(default_factory=set)
    filters: list[str] = field(default_factory=list)


_parsed: dict[str, tuple[Evaluate, frozenset[tuple[str, ...]], frozenset[str], tuple[str, ...]]]
_parsed = {}  # menus repeat their expressions, and an edit leaves most of them as they were


def expression(source: str, place: Place) -> Expression:
    """Compile `source`. Raises `Refused`."""
    source = unicodedata.normalize("NFC", source)
    known = _parsed.get(source)
    if known is None:
        if len(_parsed) > 100_000:
            _parsed.clear()
        known = _parsed[source] = _compile(source)
    evaluate, reads, asks, filters = known
    return Expression(source.strip(), place, evaluate, reads, asks, filters)


def _compile(
    source: str,
) -> tuple[Evaluate, frozenset[tuple[str, ...]], frozenset[str], tuple[str, ...]]:
    if not source.strip():
        raise Refused(Code.BAD_EXPRESSION, "an expression is missing here")
    if len(source) > _LONGEST:
        raise Refused(Code.BAD_EXPRESSION, f"longer than {_LONGEST} characters")
    tree = _parse(source)
    reading = _Reading(source)
    evaluate = _closure(tree, reading, 0)
    return evaluate, frozenset(reading.reads), _asks(tree), tuple(reading.filters)


def _parse(source: str) -> nodes.Expr:
    try:
        parser = Parser(_jinja, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            rest = parser.stream.current
            raise _Unexpected(f"« {rest.value} » is not expected here")
    except (TemplateSyntaxError, RecursionError, _Unexpected) as error:
        raise _slip(source, error) from None
    return tree


def _slip(source: str, error: Exception) -> Refused:
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", lambda found: " " * len(found[0]), source)
    for pattern, hint in _SLIPS:
        found = pattern.search(bare)
        if found is not None:
            return Refused(
                Code.BAD_EXPRESSION, f"« {found[0]} » is not expected here", hint, found.start()
            )
    if isinstance(error, RecursionError):
        return Refused(Code.BAD_EXPRESSION, "nested too deep")
    hidden = _HIDDEN.search(bare)
    if hidden is not None:
        message = f"an invisible character, U+{ord(hidden[0]):04X}"
        return Refused(Code.BAD_CHARACTER, message, "delete it", hidden.start())
    for pattern, message, hint in _GAPS:
        found = pattern.search(bare)
        if found is not None:
            told = message.format(found[1].strip())
            return Refused(Code.BAD_EXPRESSION, told, hint, found.start(1))
    if isinstance(error, _Unexpected):
        return Refused(Code.BAD_EXPRESSION, str(error), _SHAPE)
    return Refused(Code.BAD_EXPRESSION, "nobody can tell what this means", _SHAPE)


class _Unexpected(Exception):
    """Something stands behind what could already be a whole expression."""


# ---- closures ------------------------------------------------------------------------


def _closure(node: nodes.Node, reading: _Reading, depth: int) -> Evaluate:
    if depth > _DEEPEST:
        raise Refused(Code.BAD_EXPRESSION, "nested too deep")
    allowed = _ALLOWED.get(type(node))
    if allowed is not None:
        return allowed(node, reading, depth + 1)
    for refused, message in _REFUSED.items():
        if isinstance(node, refused):
            raise Refused(Code.BAD_EXPRESSION, message)
    if isinstance(node, nodes.BinExpr | nodes.UnaryExpr):
        raise Refused(
            Code.BAD_EXPRESSION,
            "arithmetic is not allowed",
            "have the back end work it out and return a field",
        )
    raise Refused(Code.BAD_EXPRESSION, "not an expression that menus may hold")


def _negative(node: nodes.Neg, reading: _Reading, depth: int) -> Evaluate:
    if isinstance(node.node, nodes.Const) and isinstance(node.node.value, int | float):
        return _constant(-node.node.value)
    raise Refused(Code.BAD_EXPRESSION, "a minus stands before a number only")


def _not(node: nodes.Not, reading: _Reading, depth: int) -> Evaluate:
    inner = _closure(node.node, reading, depth)
    return lambda scope: not inner(scope)


def _and(node: nodes.And, reading: _Reading, depth: int) -> Evaluate:
    left, right = _closure(node.left, reading, depth), _closure(node.right, reading, depth)
    return lambda scope: left(scope) and right(scope)


def _or(node: nodes.Or, reading: _Reading, depth: int) -> Evaluate:
    left, right = _closure(node.left, reading, depth), _closure(node.right, reading, depth)
    return lambda scope: left(scope) or right(scope)


def _path(node: nodes.Node, reading: _Reading) -> tuple[str, ...]:
    if isinstance(node, nodes.Name):
        before: tuple[str, ...] = ()
        name = node.name
    elif isinstance(node, nodes.Getattr):
        before = _path(node.node, reading)
        name = node.attr
    elif isinstance(node, nodes.Call | nodes.Getitem):
        raise Refused(Code.BAD_EXPRESSION, _REFUSED[type(node)])
    else:
        raise Refused(Code.BAD_EXPRESSION, "a field stands after a name: `record.field`")
    if name in GRAMMAR:
        message = f"« {name} » is a word of the grammar, and not expected here"
        raise Refused(Code.BAD_EXPRESSION, message, offset=max(reading.source.rfind(name), 0))
    if name.startswith("_"):
        offset = reading.source.find(name)
        raise Refused(
            Code.BAD_EXPRESSION, f"« {name} »: no name begins with « _ »", offset=max(offset, 0)
        )
    return (*before, name)


def _lookup(path: tuple[str, ...], reading: _Reading) -> Evaluate:
    reading.reads.add(path)
    if len(path) == 1:
        (name,) = path
        return lambda scope: scope.values.get(name)

    def look(scope: Scope) -> object:
        value: object = scope.values
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return look


def _constant(value: object) -> Evaluate:
    if value is None:
        raise Refused(
            Code.BAD_EXPRESSION, "`none` is not allowed", "« not name » is true where it is unset"
        )
    return lambda scope: value


def _list(node: nodes.List | nodes.Tuple) -> Evaluate:
    values = []
    for item in node.items:
        if not isinstance(item, nodes.Const) or item.value is None:
            raise Refused(Code.BAD_EXPRESSION, "a list holds values only: ['recu', 'pret']")
        values.append(item.value)
    return _constant(tuple(values))


def _comparison(node: nodes.Compare, reading: _Reading, depth: int) -> Evaluate:
    first = _closure(node.expr, reading, depth)
    rest = [
        (_COMPARE[operand.op], operand.op, _closure(operand.expr, reading, depth))
        for operand in node.ops
    ]

    def compare(scope: Scope) -> object:
        left = first(scope)
        for holds, name, right_of in rest:
            right = right_of(scope)
            if left is None or right is None:
                return False
            try:
                if not holds(*(_alike(left, right) if "in" not in name else (left, right))):
                    return False
            except TypeError:  # a record against a number, say
                return False
            left = right
        return True

    return compare


_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?")


def _alike(left: object, right: object) -> tuple[object, object]:
    """Answers are texts and a back end's numbers are numbers: « 12 » and 12 are the same.

    Dates compare as ISO texts, since answers hold them so.
    """
    if isinstance(left, str) and isinstance(right, int | float):
        return _number(left, left), right
    if isinstance(right, str) and isinstance(left, int | float):
        return left, _number(right, right)
    return _plain(left), _plain(right)


def _number(text: str, otherwise: object) -> object:
    if not _NUMBER.fullmatch(text):
        return otherwise
    return float(text) if "." in text else int(text)


def _plain(value: object) -> object:
    iso = getattr(value, "isoformat", None)
    return iso() if iso is not None else value


def _filtered(node: nodes.Filter, reading: _Reading, depth: int) -> Evaluate:
    apply = FILTERS.get(node.name)
    if apply is None:
        offset = re.search(rf"\|\s*{re.escape(node.name)}", reading.source)
        raise Refused(
            Code.UNKNOWN_FILTER,
            f"there is no filter « {node.name} »",
            nearest(node.name, FILTERS) or f"there are {', '.join(FILTERS)}",
            offset.end() - len(node.name) if offset else 0,
        )
    if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise Refused(Code.BAD_EXPRESSION, f"the filter « {node.name} » takes nothing in brackets")
    if node.node is None:
        raise Refused(Code.BAD_EXPRESSION, "a filter stands after a name")
    inner = _closure(node.node, reading, depth)
    reading.filters.append(node.name)
    name = ""
    if isinstance(node.node, nodes.Name | nodes.Getattr):
        name = ".".join(_path(node.node, reading))

    def filtered(scope: Scope) -> object:
        value = inner(scope)
        return None if value is None else apply(name, value, scope)

    return filtered


_ALLOWED: Mapping[type[nodes.Node], Callable[[Any, _Reading, int], Evaluate]] = {
    nodes.Name: lambda node, reading, depth: _lookup(_path(node, reading), reading),
    nodes.Getattr: lambda node, reading, depth: _lookup(_path(node, reading), reading),
    nodes.Const: lambda node, reading, depth: _constant(node.value),
    nodes.List: lambda node, reading, depth: _list(node),
    nodes.Tuple: lambda node, reading, depth: _list(node),
    nodes.Neg: _negative,
    nodes.Not: _not,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Compare: _comparison,
    nodes.Filter: _filtered,
}

# ---- what truth implies --------------------------------------------------------------


def _asks(node: nodes.Node | None) -> frozenset[str]:
    """The variables that are surely set where `node` is true."""
    match node:
        case nodes.Name():
            return frozenset((node.name,))
        case nodes.Getattr() | nodes.Filter():
            return _asks(node.node)
        case nodes.And():
            return _asks(node.left) | _asks(node.right)
        case nodes.Or():
            return _asks(node.left) & _asks(node.right)
        case nodes.Compare():  # with something unset, each is false
            return _asks(node.expr).union(*(_asks(operand.expr) for operand in node.ops))
    return frozenset()
