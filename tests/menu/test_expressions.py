"""Expressions: what they give, what they read, what their truth implies, what they refuse."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.menu.codes import Code
from gateway.menu.expressions import Refused, expression
from gateway.menu.filters import FILTERS
from gateway.menu.program import Expression, Place, Scope, show
from gateway.text.language import language

PLACE = Place("essai.yaml", 1, 1)
FRENCH = language("fr")
VALUES: dict[str, object] = {
    "nom": "Adjovi",
    "age": 30,
    "texte": "12",
    "vide": "",
    "ne": "1990-03-15",
    "dossier": {"statut": "pret", "frais": 2500, "paye": True, "liste": [1]},
    "today": date(2026, 11, 23),
    "phone": "+2290197000000",
}


def scope(values: dict[str, object] | None = None) -> Scope:
    return Scope(
        values=VALUES if values is None else values,
        language=FRENCH,
        labels=lambda name, value: {"dossier.statut": "prêt"}.get(name),
    )


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("nom", "Adjovi"),
        ("dossier.statut", "pret"),
        ("rien", None),
        ("rien.champ", None),
        ("nom.champ", None),
        ("dossier.statut == 'pret'", True),
        ("dossier.statut != 'pret'", False),
        ("dossier.frais > 0 and age >= 30", True),
        ("age == '30'", True),
        ("texte < 13", True),
        ("texte == 12", True),
        ("18 <= age < 65", True),
        ("ne < today", True),
        ("ne == '1990-03-15'", True),
        ("nom in ['Adjovi', 'Dossou']", True),
        ("nom not in ('Dossou',)", True),
        ("not vide", True),
        ("not rien", True),
        ("vide or 'autre'", "autre"),
        ("-3 < age", True),
        ("age > 1.5", True),
        ("dossier.paye == true", True),
        ("age|number", "30"),
        ("dossier.frais|money", "2 500 F"),
        ("ne|year", "1990"),
        ("nom|upper", "ADJOVI"),
        ("ne|age", "36"),
        ("dossier.statut|label", "prêt"),
        ("nom|label", "Adjovi"),
        ("rien|money", None),
        ("(nom|upper)|label", "ADJOVI"),
    ],
)
def test_value(source: str, value: object) -> None:
    """Each form that menus have, on plain values."""
    assert expression(source, PLACE).evaluate(scope()) == value


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">=", "in", "not in"])
@pytest.mark.parametrize("other", ["1", "'a'", "rien", "dossier", "nom", "['a']"])
def test_comparison_with_what_is_unset_is_false(operator: str, other: str) -> None:
    """An unset name is nothing; no comparison with it holds, or raises."""
    assert expression(f"absent {operator} {other}", PLACE).evaluate(scope()) is False
    assert expression(f"{other} {operator} absent", PLACE).evaluate(scope()) is False


@pytest.mark.parametrize("source", ["dossier < 3", "nom > 3", "age in age", "nom < dossier"])
def test_comparison_of_what_has_no_order_is_false(source: str) -> None:
    """A back end's odd value makes a condition false, never a failure."""
    assert expression(source, PLACE).evaluate(scope()) is False


@pytest.mark.parametrize(
    ("source", "reads", "asks", "filters"),
    [
        ("nom", {("nom",)}, {"nom"}, ()),
        ("dossier.statut|label", {("dossier", "statut")}, {"dossier"}, ("label",)),
        ("a and b.c > 3", {("a",), ("b", "c")}, {"a", "b"}, ()),
        ("a or b", {("a",), ("b",)}, set(), ()),
        ("(a and b) or (a and c)", {("a",), ("b",), ("c",)}, {"a"}, ()),
        ("not a", {("a",)}, set(), ()),
        ("a != b", {("a",), ("b",)}, {"a", "b"}, ()),
        ("a|upper == 'X'", {("a",)}, {"a"}, ("upper",)),
        ("'x'", set(), set(), ()),
    ],
)
def test_what_it_uses(
    source: str, reads: set[Any], asks: set[str], filters: tuple[str, ...]
) -> None:
    """Checks and hints stand on exactly what is read, asked for and filtered."""
    found = expression(source, PLACE)
    assert set(found.reads) == reads
    assert set(found.asks) == asks
    assert found.filters == filters


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("a = 'b'", "use == to compare"),
        ("a && b", "use « and »"),
        ("a || b", "use « or »"),
        ("!a", "use « not »"),
        ("a ou b", "use « and », « or », « not »"),
        ("a <> b", "use != for « differs from »"),
        ("a == ’b’", "use straight quotes: 'pret'"),
        ("a + 1", "have the back end work it out and return a field"),
        ("a == none", "« not name » is true where it is unset"),
    ],
)
def test_slips_get_their_hint(source: str, hint: str) -> None:
    """What people write out of habit is told apart."""
    with pytest.raises(Refused) as refused:
        expression(source, PLACE)
    assert refused.value.code is Code.BAD_EXPRESSION
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    "source",
    [
        "",
        "a()",
        "a[0]",
        "a['b']",
        "a.0",
        "_a",
        "a.__class__",
        "a.b._c",
        "'x'.y",
        "a if b else c",
        "a is defined",
        "a ~ b",
        "{a: 1}",
        "[a, b]",
        "a|date('x')",
        "a|attr('x')",
        "a|map('x')",
        "a * 2",
        "-a",
        "and",
        "a and",
        "a.in",
        "a b",
        "a, b)",
        "'open",
        "(" * 400 + "a" + ")" * 400,
        "not " * 60 + "a",
        "a" * 600,
        "a\x00b",
    ],
)
def test_what_menus_do_not_have_is_refused(source: str) -> None:
    """The allow-list is all there is: nothing that reaches out, nothing that runs away."""
    with pytest.raises(Refused) as refused:
        expression(source, PLACE)
    assert refused.value.message


def test_every_filter_takes_any_value() -> None:
    """A back end's odd value is shown as it is, in every filter."""
    odd: list[object] = ["x", 1, 1.5, True, [], {}, "9" * 40, date(2026, 1, 1)]
    for name in FILTERS:
        for value in odd:
            result = expression(f"v|{name}", PLACE).evaluate(scope({"v": value}))
            assert isinstance(show(result), str), name


def test_a_composed_and_a_decomposed_name_are_the_same() -> None:
    """Two keyboards write « prénom » in two ways."""
    found = expression("pre\u0301nom", PLACE)
    assert found.reads == {("pr\u00e9nom",)}


def attempt(source: str) -> tuple[Expression | None, Refused | None]:
    try:
        return expression(source, PLACE), None
    except Refused as refused:
        return None, refused


@given(st.text(max_size=60))
def test_any_text_is_refused_or_evaluates(source: str) -> None:
    """Whatever an author types, loading and evaluating go on."""
    found, refused = attempt(source)
    if refused is not None:
        assert 0 <= refused.offset <= len(source)
    if found is not None:
        assert isinstance(show(found.evaluate(scope())), str)


TOKENS = ["a", "b.c", "'x'", "1", "and", "or", "not", "==", "<", "in", "(", ")", "|", "upper", "."]


@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_any_mix_of_words_is_refused_or_evaluates(tokens: list[str]) -> None:
    """As above, nearer to what can be parsed."""
    found, refused = attempt(" ".join(tokens))
    assert (found is None) is not (refused is None)
    values: dict[str, object] = {"a": "x", "b": {"c": 3}}
    for known in (values, {}):
        if found is not None:
            assert isinstance(show(found.evaluate(scope(known))), str)
