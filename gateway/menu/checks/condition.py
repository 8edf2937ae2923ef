"""What a condition tells about which variables are set.

`when: nom and nom != 'x'` reads the second `nom` only where the first was set, and
`ask … when: not nom` leaves `nom` set whichever way is taken. Both follow from the shape of
the expression, so it is parsed here once more, by the parser that compiled it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, nodes
from jinja2.parser import Parser

from gateway.menu.program import Expression

Names = frozenset[str]
_NONE: Names = frozenset()
_jinja = Environment(autoescape=False)  # noqa: S701 - parses only, renders nothing


@dataclass(frozen=True, slots=True)
class Read:
    """One look-up: its dotted path, what was set for sure when it happens, and its role.

    `asks` is true where the look-up stands alone as a question: is it set, does it hold?
    """

    path: tuple[str, ...]
    given: Names
    asks: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """`when_true` and `when_false`: the variables that are set for sure after that outcome."""

    reads: tuple[Read, ...]
    when_true: Names
    when_false: Names


def tree(source: str) -> nodes.Expr:
    """What the parser made of an expression when it was compiled."""
    return Parser(_jinja, source, state="variable").parse_expression()


@lru_cache(maxsize=4096)
def _parse(source: str) -> Condition:
    root = tree(source)
    return Condition(tuple(_reads(root, _NONE, True)), _when(root, True), _when(root, False))


def condition(expression: Expression) -> Condition:
    """What `expression` reads and tells. It was parsed at load already, and can't fail here."""
    return _parse(expression.source)


def path_of(node: nodes.Node) -> tuple[str, ...] | None:
    """`dossier.statut` → `("dossier", "statut")`; None for what is no plain look-up."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = path_of(node.node)
        return None if before is None else (*before, node.attr)
    return None


def _when(node: nodes.Node, truth: bool) -> Names:
    """The variables that are set for sure where `node` came out as `truth`."""
    path = path_of(node)
    if path is not None:
        return frozenset(path[:1]) if truth else _NONE
    if isinstance(node, nodes.Not):
        return _when(node.node, not truth)
    if isinstance(node, nodes.And | nodes.Or):
        # `and` is decided as true by both sides, as false by either; `or` the other way round.
        if isinstance(node, nodes.And) is truth:
            return _when(node.left, truth) | _when(node.right, truth)
        beyond = _when(node.left, not truth) | _when(node.right, truth)
        return _when(node.left, truth) & beyond
    if isinstance(node, nodes.Compare) and truth:
        # With something unset on either side every comparison is false, `!=` too.
        sides = (node.expr, *(operand.expr for operand in node.ops))
        return _NONE.union(*(_when(side, True) for side in sides))
    if isinstance(node, nodes.Filter) and node.node is not None and truth:
        return _when(node.node, True)
    return _NONE


def _reads(node: nodes.Node, given: Names, asks: bool) -> Iterator[Read]:
    path = path_of(node)
    if path is not None:
        yield Read(path, given, asks)
    elif isinstance(node, nodes.Not):
        yield from _reads(node.node, given, True)
    elif isinstance(node, nodes.And | nodes.Or):
        yield from _reads(node.left, given, True)
        after = given | _when(node.left, isinstance(node, nodes.And))
        yield from _reads(node.right, after, True)
    else:
        for child in node.iter_child_nodes():
            yield from _reads(child, given, False)
