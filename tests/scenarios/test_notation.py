"""What is written into a scenario file is read again as what it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.menu.findings import Findings
from gateway.menu.source import Map, Scalar, parse
from gateway.menu.values import duration_of
from gateway.scenarios.notation import data, duration, entry, scalar

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)


def read_again(text: str) -> str:
    findings = Findings()
    node = parse("essai.yaml", text, findings)
    assert findings.in_order() == ()
    assert isinstance(node, Map)
    [(_, value)] = node.entries
    assert isinstance(value, Scalar)
    assert value.cut() is None
    return value.text


@given(TEXTS)
def test_a_single_value(text: str) -> None:
    assert read_again(f"enter: {scalar(text)}") == text


@given(TEXTS)
def test_a_page_as_a_block_or_in_braces(text: str) -> None:
    assert read_again(entry("shows", text, 0)).rstrip("\n") == text.rstrip("\n")
    assert read_again("{ " + entry("shows", text, 0, flow=True) + " }") == text


def test_what_is_safe_is_written_as_it_is() -> None:
    plain = ("00", "Actes d'état civil", "Merci.", "Quel acte ?", "12 500 F")
    assert [scalar(text) for text in plain] == list(plain)
    quoted = ("*229#", "Délai : 3 jours", "a #1", "- a", "", " a", "18:30", "a:")
    assert [scalar(text)[0] for text in quoted] == ['"'] * len(quoted)


def test_answers_of_back_ends() -> None:
    assert data({"a": True, "b": [1, 2.5], "c": {}, "d": "x: y"}) == (
        '{ a: yes, b: [1, 2.5], c: {}, d: "x: y" }'
    )
    assert data(None) == "{}"
    assert data([]) == "[]"


@given(st.integers(0, 999_999))
def test_durations(seconds: int) -> None:
    found = duration_of(duration(seconds))
    assert found is not None
    assert found.total_seconds() == seconds


def test_durations_are_as_short_as_can_be() -> None:
    assert [duration(one) for one in (0, 90, 180, 7200, 86400)] == ["0s", "90s", "3m", "2h", "1d"]
