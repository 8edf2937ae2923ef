"""One phone has one number, whatever way it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import NumberError
from gateway.text.msisdn import canonical, mask, national


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        # as it is since 30 November 2024
        ("+2290197000000", "+2290197000000"),
        ("002290197000000", "+2290197000000"),
        ("2290197000000", "+2290197000000"),
        ("229 01 97 00 00 00", "+2290197000000"),
        ("0197000000", "+2290197000000"),
        ("01 97 00 00 00", "+2290197000000"),
        ("01.97.00.00.00", "+2290197000000"),
        ("tel:+2290197000000", "+2290197000000"),
        ("  +229 (01) 97-00-00-00\u202c", "+2290197000000"),
        ("0121300000", "+2290121300000"),
        ("0140000000", "+2290140000000"),
        # with the eight digits of before
        ("+22997000000", "+2290197000000"),
        ("+229 97-00-00-00", "+2290197000000"),
        ("0022997000000", "+2290197000000"),
        ("22997000000", "+2290197000000"),
        ("97000000", "+2290197000000"),
        ("21300000", "+2290121300000"),
        ("+22921300000", "+2290121300000"),
        ("40000000", "+2290140000000"),
        ("22900000", "+2290122900000"),
        # kept as an integer by some other program
        ("197000000", "+2290197000000"),
        ("229197000000", "+2290197000000"),
        ("+229197000000", "+2290197000000"),
        # from elsewhere
        ("+22522900000", "+22522900000"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
    ],
)
def test_every_way_to_write_a_number_leads_to_one(raw: str, expected: str) -> None:
    """Old and new, national and international, with any separator."""
    assert canonical(raw) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "abc",
        "166",
        "*136#",
        "0297000000",
        "33612345678",
        "+",
        "++22997000000",
        "+0197000000",
        "+12345",
        "+1234567890123456",
        "97000000 ext 3",
        "9700000O",
        "٩٧٠٠٠٠٠٠",
        "9" * 10_000,
    ],
)
def test_what_is_no_number_is_refused_without_being_repeated(raw: str) -> None:
    """Errors are logged; numbers never are."""
    with pytest.raises(NumberError) as caught:
        canonical(raw)
    assert not raw or raw not in str(caught.value)


@given(st.text(max_size=30))
def test_any_text_gives_a_number_or_a_refusal(raw: str) -> None:
    """No other error escapes, and what comes out is E.164."""
    try:
        number = canonical(raw)
    except NumberError:
        return
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdigit()
    assert 8 <= len(number) <= 16


def test_another_country_has_its_own_national_numbers() -> None:
    """A site elsewhere reads local numbers as its own, Beninese ones only with their code."""
    assert canonical("06 12 34 56 78", "FR") == "+33612345678"
    assert canonical("+22997000000", "FR") == "+2290197000000"
    for raw in ("12", "999"):
        with pytest.raises(NumberError):
            canonical(raw, "FR")
    with pytest.raises(NumberError):
        canonical("0612345678", "ZZ")


def test_numbers_are_read_out_in_pairs() -> None:
    """The way they stand on walls and shop signs."""
    assert national("+2290197000000") == "01 97 00 00 00"
    assert national("+33612345678") == "+33612345678"


def test_a_masked_number_shows_its_last_two_digits() -> None:
    """Enough for its owner, too little for anyone else."""
    assert mask("+2290197001234") == "01 ** ** ** 34"
    assert mask("+33612345678") == "+336******78"
