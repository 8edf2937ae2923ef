"""How values stand in texts, and the longest that they can be."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.events import Encoding
from gateway.text.formats import FILTERS, worst
from gateway.text.gsm7 import encodable, units
from gateway.text.language import language
from gateway.text.transliteration import fit

TODAY = date(2026, 3, 15)
CODES = ("fr", "en", "fon", "yo_BJ", "bba", "ddn", "ee", "ha", "guw")

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=20),
    st.from_regex(r"\A-?[0-9]{1,40}(\.[0-9]{1,12})?\Z"),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2})?\Z"),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("date", "2026-03-15", "15 mars 2026"),
        ("date", "2026-08-01", "1er août 2026"),
        ("date", "2026-03-15T18:30:00+01:00", "15 mars 2026"),
        ("date", date(1990, 12, 31), "31 décembre 1990"),
        ("date", datetime(2026, 3, 15, 18, 30), "15 mars 2026"),
        ("date", "2026-02-30", "2026-02-30"),
        ("date", "bientôt", "bientôt"),
        ("date", 20260315, "20260315"),
        ("time", "18:30", "18:30"),
        ("time", "18:30:59", "18:30"),
        ("time", "2026-03-15T08:05:00Z", "08:05"),
        ("time", time(8, 5), "08:05"),
        ("time", datetime(2026, 3, 15, 18, 30), "18:30"),
        ("time", "midi", "midi"),
        ("time", "18:30 ou 20:00", "18:30 ou 20:00"),
        ("time", "25:61", "25:61"),
        ("date", "2026-03-15 ou plus tard", "2026-03-15 ou plus tard"),
        ("date", "2026-03-15 18:30:00.5Z", "15 mars 2026"),
        ("year", "2026-03-15", "2026"),
        ("year", 2026, "2026"),
        ("money", 0, "0 F"),
        ("money", 1500, "1 500 F"),
        ("money", 12500.0, "12 500 F"),
        ("money", "1250000", "1 250 000 F"),
        ("money", -1500, "-1 500 F"),
        ("money", 1500.5, "1 500,5 F"),
        ("money", "gratuit", "gratuit"),
        ("number", 12500, "12 500"),
        ("number", 999, "999"),
        ("number", Decimal("2.50"), "2,50"),
        ("number", "0123", "0123"),
        ("number", float("nan"), "nan"),
        ("number", 1e300, "1e+300"),
        ("phone", "+2290197000000", "01 97 00 00 00"),
        ("phone", "97000000", "01 97 00 00 00"),
        ("phone", "+33612345678", "+33612345678"),
        ("phone", "166", "166"),
        ("phone", 166, "166"),
        ("mask", "+2290197000012", "01 ** ** ** 12"),
        ("mask", "+1", "**"),
        ("mask", "1234567890", "********90"),
        ("mask", "12345", "*****"),
        ("upper", "Reçu à Ouidah", "REÇU À OUIDAH"),
        ("age", "1990-03-15", "36"),
        ("age", "1990-03-16", "35"),
        ("age", "2024-02-29", "2"),
        ("age", "2030-01-01", "0"),
        ("age", "36", "36"),
        ("money", None, ""),
        ("upper", None, ""),
        ("money", True, "1"),
    ],
)
def test_a_value_in_a_french_text(name: str, value: object, expected: str) -> None:
    """What is not the kind of value that the filter is for stands as it is."""
    assert FILTERS[name](value, language("fr"), TODAY) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "1 August 2026"),
        ("fon", "1 avivɔsùn 2026"),
        ("yo_BJ", "1 Oshù Ògún 2026"),
        ("bba", "1er août 2026"),
        ("ha", "1 Agusta 2026"),
    ],
)
def test_dates_are_in_her_language(code: str, expected: str) -> None:
    """Where nobody has written its months down, in French."""
    assert FILTERS["date"]("2026-08-01", language(code), TODAY) == expected


@pytest.mark.parametrize("code", CODES)
def test_numbers_are_french_in_every_language(code: str) -> None:
    """Benin writes them one way, with plain spaces that any phone shows."""
    assert FILTERS["money"](12500, language(code), TODAY) == "12 500 F"


@settings(deadline=None)
@given(st.sampled_from(sorted(FILTERS)), values, st.sampled_from(CODES))
def test_no_value_makes_a_filter_fail(name: str, value: object, code: str) -> None:
    """And what comes out can be sent to any phone."""
    chosen = language(code)
    shown = FILTERS[name](value, chosen, TODAY)
    assert isinstance(shown, str)
    assert encodable(fit(shown, Encoding.GSM7, chosen.policy))


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("code", CODES)
def test_no_date_is_longer_than_the_worst(code: str, encoding: Encoding) -> None:
    """Every day of a leap year, in what the encoding counts."""
    chosen = language(code)
    limit = units(fit(worst("date", chosen, "", encoding), encoding, chosen.policy), encoding)
    lengths = {
        units(fit(FILTERS["date"](day, chosen, TODAY), encoding, chosen.policy), encoding)
        for day in (date(2028, 1, 1) + timedelta(days) for days in range(366))
    }
    assert max(lengths) == limit


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("date", "", "1er septembre 2026"),
        ("date", "W" * 30, "W" * 30),
        ("time", "", "00:00"),
        ("year", "", "2026"),
        ("age", "", "100"),
        ("number", "", "999 999 999"),
        ("number", "99", "99"),
        ("money", "", "999 999 999 F"),
        ("money", "99999", "99 999 F"),
        ("phone", "", "+123456789012345"),
        ("mask", "W" * 12, "**********WW"),
        ("upper", "ß" * 3, "SSSSSS"),
        ("upper", "", ""),
    ],
)
def test_the_worst_is_known_before_anyone_calls(name: str, value: str, expected: str) -> None:
    """With the longest value that can come in, where that is known."""
    assert worst(name, language("fr"), value) == expected
