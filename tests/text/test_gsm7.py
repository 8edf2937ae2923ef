"""The alphabet is exact, and lengths are what a network counts."""

from __future__ import annotations

import pytest

from gateway.events import Encoding
from gateway.text.gsm7 import ALPHABET, encodable, septets, units
from tests.text.data import facts

TABLE = facts("gsm0338")


def test_the_alphabet_is_the_standards_and_nothing_else() -> None:
    """Every code point of the basic plane and beyond is judged as the table judges it."""
    standard = {*TABLE["basic"].values(), *TABLE["extension"].values()}
    assert {chr(code) for code in range(0x11000) if encodable(chr(code))} == standard
    assert standard == ALPHABET
    assert len(standard) == 137


@pytest.mark.parametrize("table", ["basic", "extension"])
def test_each_character_takes_the_septets_of_the_table(table: str) -> None:
    for septets_hex, character in TABLE[table].items():
        assert septets(character) == len(bytes.fromhex(septets_hex)), character


def test_capital_c_cedilla_is_in_and_the_small_one_is_not() -> None:
    """The table's best-known trap for French."""
    assert encodable("Ç")
    assert not encodable("ç")


def test_escape_and_nul_are_not_characters() -> None:
    """ESC announces an extension character; alone it would garble what follows."""
    assert not encodable("a\x1bb")
    assert not encodable("a\0b")


def test_extension_characters_cost_two() -> None:
    """2 € is three characters and four septets."""
    assert septets("2 €") == 4
    assert septets("".join(TABLE["extension"].values())) == 20


def test_septets_refuses_what_cannot_be_sent_and_keeps_it_to_itself() -> None:
    """The text may be a citizen's, so that the error does not repeat it."""
    with pytest.raises(ValueError, match="GSM-7") as caught:
        septets("Kɔ́fi")
    assert "ɔ" not in str(caught.value)


def test_units_of_ucs2_are_utf16_code_units() -> None:
    """A tone without a precomposed letter is a unit of its own, an emoji is two."""
    assert units("Retour", Encoding.UCS2) == 6
    assert units("ɔ́", Encoding.UCS2) == 2
    assert units("😀é", Encoding.UCS2) == 3
    assert units("[é]", Encoding.GSM7) == 5
