"""What an expression compares with constants, and which filters stand behind which names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import nodes

from gateway.menu.checks.condition import path_of, tree
from gateway.menu.checks.definition import UNSET, Holds
from gateway.menu.checks.reading import Use, record_fields
from gateway.menu.checks.survey import Survey
from gateway.menu.program import Expression, List


@dataclass(frozen=True, slots=True)
class Comparison:
    """`acte == 'naissance'`, `statut in ['recu', 'pret']`: one of `constants`, or none of them."""

    path: tuple[str, ...]
    constants: tuple[str, ...]
    equal: bool


def _all(source: str) -> Iterator[nodes.Node]:
    root = tree(source)
    yield root
    yield from root.find_all(nodes.Node)


@lru_cache(maxsize=4096)
def _comparisons(source: str) -> tuple[Comparison, ...]:
    found = []
    for node in _all(source):
        if not isinstance(node, nodes.Compare) or len(node.ops) != 1:
            continue
        operand = node.ops[0]
        left, right = node.expr, operand.expr
        if operand.op in ("eq", "ne") and path_of(left) is None:
            left, right = right, left
        path, constants = path_of(left), _constants(right)
        if path is None or constants is None or operand.op not in ("eq", "ne", "in", "notin"):
            continue
        if isinstance(right, nodes.Const) and operand.op in ("in", "notin"):
            continue  # letters of a word
        found.append(Comparison(path, constants, operand.op in ("eq", "in")))
    return tuple(found)


def comparisons(expression: Expression) -> tuple[Comparison, ...]:
    return _comparisons(expression.source)


def _constants(node: nodes.Node) -> tuple[str, ...] | None:
    """Texts only: numbers are compared by their value."""
    items = node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]
    texts = [
        item.value
        for item in items
        if isinstance(item, nodes.Const) and isinstance(item.value, str)
    ]
    return tuple(texts) if texts and len(texts) == len(items) else None


@lru_cache(maxsize=4096)
def _filtered(source: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    return tuple(
        (path, node.name)
        for node in _all(source)
        if isinstance(node, nodes.Filter)
        and node.node is not None
        and (path := path_of(node.node)) is not None
    )


def filtered(expression: Expression) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Each path with the filter that stands right behind it."""
    return _filtered(expression.source)


def held_by(survey: Survey, use: Use) -> Iterator[Holds]:
    """What the value that `use` looks up may be, from each step that gives it."""
    if use.field:
        step = use.visit.step
        if isinstance(step, List):
            yield (record_fields(survey.flow, step, use.state) or {}).get(use.name)
        return
    for source in use.values - {UNSET}:
        if len(use.path) == 1:
            yield source.holds
        else:
            yield (source.fields or {}).get(use.path[1])
