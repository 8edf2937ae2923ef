"""What a condition tells about which variables are set."""

from __future__ import annotations

import pytest

from gateway.menu.checks.condition import condition
from gateway.menu.expressions import expression
from gateway.menu.program import Place


@pytest.mark.parametrize(
    ("source", "when_true", "when_false"),
    [
        ("nom", {"nom"}, set()),
        ("not nom", set(), {"nom"}),
        ("nom and age", {"nom", "age"}, set()),
        ("nom or age", set(), set()),
        ("not nom or age > 3", set(), {"nom"}),
        ("not (nom and age)", set(), {"nom", "age"}),
        ("not (nom or age)", set(), set()),
        ("dossier.statut == 'pret'", {"dossier"}, set()),
        ("nom != 'Awa'", {"nom"}, set()),
        ("acte in ['naissance', 'deces']", {"acte"}, set()),
        ("nom|upper == 'AWA'", {"nom"}, set()),
        ("nom and nom.x == age", {"nom", "age"}, set()),
    ],
)
def test_what_an_outcome_implies(source: str, when_true: set[str], when_false: set[str]) -> None:
    """Comparing what is unset is false, so a comparison that holds says that both are set."""
    found = condition(expression(source, Place("a.yaml", 1, 1)))
    assert (set(found.when_true), set(found.when_false)) == (when_true, when_false)


def test_the_left_side_vouches_for_the_right() -> None:
    """`nom and nom == 'x'` reads the second `nom` only where the first was set."""
    first, second = condition(expression("nom and nom == 'x'", Place("a.yaml", 1, 1))).reads
    assert (first.asks, first.given) == (True, frozenset())
    assert (second.asks, second.given) == (False, frozenset({"nom"}))


def test_or_vouches_for_the_right_side_where_the_left_failed() -> None:
    """In `not nom or nom.x == 1` the field is read only of a record that is there."""
    reads = condition(expression("not nom or nom.x == 1", Place("a.yaml", 1, 1))).reads
    assert [(read.path, read.given) for read in reads] == [
        (("nom",), frozenset()),
        (("nom", "x"), frozenset({"nom"})),
    ]
