"""The alphabet is exact, and lengths are what a network counts."""

from __future__ import annotations

import pytest

from gateway.events import Encoding
from gateway.text.gsm7 import ALPHABET, encodable, offending, pack, septets, units
from tests.text.data import facts, text

TABLE = facts("gsm0338")


def test_the_alphabet_is_the_standards_and_nothing_else() -> None:
    """Every code point of the basic plane and beyond is judged as the table judges it."""
    standard = {*TABLE["basic"].values(), *TABLE["extension"].values()}
    assert {chr(code) for code in range(0x11000) if encodable(chr(code))} == standard
    assert standard == ALPHABET
    assert len(standard) == 137


@pytest.mark.parametrize("table", ["basic", "extension"])
def test_each_character_has_its_own_septets(table: str) -> None:
    """The packed octets of one character are the table's septets, lowest bits first."""
    for septets_hex, character in TABLE[table].items():
        values = bytes.fromhex(septets_hex)
        packed = sum(value << (7 * position) for position, value in enumerate(values))
        assert int.from_bytes(pack(character), "little") == packed, character


def test_capital_c_cedilla_is_in_and_the_small_one_is_not() -> None:
    """The table's best-known trap for French."""
    assert encodable("Ç")
    assert not encodable("ç")


def test_escape_and_nul_are_not_characters() -> None:
    """ESC announces an extension character; alone it would garble what follows."""
    assert offending("a\x1bb\0") == "\x1b\0"


def test_offending_names_each_character_once_in_order() -> None:
    """What a writer must look for, in the order she meets it."""
    assert offending("L’été où ça gêne, ça gêne’") == "’çê"
    assert offending("Déjà reçu à Ouidah !") == "ç"
    assert offending("") == ""


def test_extension_characters_cost_two() -> None:
    """2 € is three characters and four septets."""
    assert septets("2 €") == 4
    assert septets("".join(TABLE["extension"].values())) == 20


def test_septets_refuses_what_cannot_be_sent_and_keeps_it_to_itself() -> None:
    """The text may be a citizen's, so that the error does not repeat it."""
    with pytest.raises(ValueError, match="GSM-7") as caught:
        septets("Kɔ́fi")
    assert "ɔ" not in str(caught.value)
    with pytest.raises(ValueError, match="GSM-7"):
        pack("ɔ")


def test_units_of_ucs2_are_utf16_code_units() -> None:
    """A tone without a precomposed letter is a unit of its own, an emoji is two."""
    assert units("Retour", Encoding.UCS2) == 6
    assert units("ɔ́", Encoding.UCS2) == 2
    assert units("😀é", Encoding.UCS2) == 3
    assert units("[é]", Encoding.GSM7) == 5


@pytest.mark.parametrize(("runs", "length", "octets"), facts("packing")["cases"])
def test_a_ussd_string_is_packed_as_the_standard_says(
    runs: list[str | tuple[str, int]], length: int, octets: str
) -> None:
    """With the CR that keeps seven spare bits from reading as an @."""
    assert septets(text(runs)) == length
    assert pack(text(runs)).hex() == octets
