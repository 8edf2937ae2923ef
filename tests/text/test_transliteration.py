"""A text that has been fitted can be sent, and still says what it said."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.events import Encoding
from gateway.text.gsm7 import ALPHABET, encodable
from gateway.text.language import Policy
from gateway.text.transliteration import fit
from tests.text.data import facts

KEEP, FLAT = Policy.KEEP, Policy.FLAT
GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2
ALPHABETS: dict[str, str] = facts("alphabets")["alphabets"]

policies = st.sampled_from(list(Policy))
anything = st.text(st.characters(codec=None), max_size=80)
beninese = st.text(
    st.sampled_from("".join(ALPHABETS.values()) + "abc ’«»…\u0300\u0301\u0303\u030c"), max_size=80
)


@pytest.mark.parametrize(
    ("text", "kept", "flat"),
    [
        ("ɔ́", "o", "o"),
        ("ɛ̀", "e", "e"),
        ("ẹ́", "e", "e"),
        ("ɔ̃", "o", "o"),
        ("ç", "c", "c"),
        ("Kú ɖò gbè", "Ku dò gbè", "Ku do gbe"),
        ("Ẹ kú àárọ̀", "E ku àaro", "E ku aaro"),
        ("Ǹ kɔ̃", "N ko", "N ko"),
        ("œuvre", "oeuvre", "oeuvre"),
        ("Noël naïf où ça déjà", "Noel naif où ca déjà", "Noel naif ou ca deja"),
        ("N’ɖó", "N'do", "N'do"),
        ("Eʋegbe ŋutɔ ƒe ɣeyiɣi", "Evegbe nguto fe gheyighi", "Evegbe nguto fe gheyighi"),
        (
            "ƴaƴa ɓera ɗaki ƙofa, Jummaʼa",
            "yaya bera daki kofa, Jumma'a",
            "yaya bera daki kofa, Jumma'a",
        ),
        ("Señor Ångström, ñandú", "Señor Ångström, ñandu", "Senor Angstrom, nandu"),
    ],
)
def test_the_policy_decides_what_a_letter_loses(text: str, kept: str, flat: str) -> None:
    """KEEP loses only what GSM-7 lacks, FLAT all marks or none."""
    assert fit(text, GSM7, KEEP) == kept
    assert fit(text, GSM7, FLAT) == flat


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("", ""),
        ("1. Retour\n0. Accueil", "1. Retour\n0. Accueil"),
        ("à é è ì ò ù ä ö ü ñ Ç É ß § ¿ Ω", "à é è ì ò ù ä ö ü ñ Ç É ß § ¿ Ω"),
        ("gbè à dò", "gbè à dò"),
        ("^{}\\[~]|€", "^{}\\[~]|€"),
        ("C’est où l’état civil\u00a0?", "C'est où l'état civil ?"),
        ("12\u202f500\u00a0F\u202fCFA", "12 500 F CFA"),
        ("« Oui »", '"Oui"'),
        ("n° 5 – l’acte… – \u201cici\u201d", 'no 5 - l\'acte... - "ici"'),
        ("porte‑clés", "porte-clés"),
        ("a\tb", "a b"),
        ("a\r\nb\rc\u2028d\fe", "a\nb\nc\nd\ne"),
        ("a\0\x1b\x07\x7f\x9fb", "ab"),
        ("`", "'"),
        ("co\u00adopé\u200bration\ufeff", "coopération"),
    ],
)
def test_what_gsm7_holds_once_typography_is_plain_is_kept_under_any_policy(
    text: str, fitted: str, policy: Policy
) -> None:
    """The commonest culprits in French are an apostrophe and a no-break space."""
    assert fit(text, GSM7, policy) == fitted


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("CŒUR", "COEUR"),
        ("Œuvre", "Oeuvre"),
        ("Œ", "Oe"),
        ("ŒUVRES", "OEUVRES"),
        ("ŊƆ Ŋɔ", "NGO Ngo"),
    ],
)
def test_a_capital_that_needs_two_letters_follows_its_neighbours(text: str, fitted: str) -> None:
    """A title in capitals stays one."""
    assert fit(text, GSM7, KEEP) == fitted


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("Bravo 🎉 !", "Bravo !"),
        ("🎉 Bravo", "Bravo"),
        ("Bravo 🎉", "Bravo"),
        ("Bravo🎉fini", "Bravofini"),
        ("👍🏽", ""),
        ("½ × 2² → ok ™", "1/2 x 22 -> ok TM"),
    ],
)
def test_symbols_are_read_or_left_out_with_their_space(text: str, fitted: str) -> None:
    """Nobody on a basic phone misses an emoji; a name in brackets would cost ten septets."""
    assert fit(text, GSM7, KEEP) == fitted


@pytest.mark.parametrize("code", ALPHABETS)
@pytest.mark.parametrize("policy", Policy)
def test_every_letter_of_benin_has_a_latin_reading(code: str, policy: Policy) -> None:
    """No `?`, no `_`, and none vanishes, alone or under a tone."""
    for letter in ALPHABETS[code].split():
        for tone in ("", "\u0300", "\u0301", "\u0304", "\u030c"):
            fitted = fit(letter + tone, GSM7, policy)
            assert encodable(fitted), letter
            assert fitted == "'" or fitted.isalpha(), letter


def test_a_flattened_text_holds_no_mark_at_all() -> None:
    """Half the tones mislead more than none."""
    letters = " ".join(ALPHABETS.values())
    fitted = fit(letters, GSM7, FLAT)
    assert all(not unicodedata.decomposition(character) for character in fitted)


@settings(deadline=None)
@given(st.one_of(anything, beninese), policies)
def test_what_was_fitted_can_be_sent_and_is_not_changed_again(text: str, policy: Policy) -> None:
    """For any text at all: GSM-7 holds the result, and fitting it once more changes nothing."""
    fitted = fit(text, GSM7, policy)
    assert encodable(fitted)
    assert not {"\r", "\f"} & set(fitted)
    assert fit(fitted, GSM7, policy) == fitted


@settings(deadline=None)
@given(st.characters(categories=("L", "N")), policies)
def test_no_letter_vanishes_or_becomes_a_question_mark(letter: str, policy: Policy) -> None:
    """Of any script: what has no reading is at least seen to be missing."""
    fitted = fit(letter, GSM7, policy)
    assert fitted.strip()
    assert "?" not in fitted


@settings(deadline=None)
@given(anything)
def test_ucs2_keeps_every_letter_and_is_nfc(text: str) -> None:
    """Only controls and halves of surrogate pairs go."""
    fitted = fit(text, UCS2, FLAT)
    assert unicodedata.is_normalized("NFC", fitted)
    fitted.encode("utf-16-le")  # holds no half of a surrogate pair
    assert not any(unicodedata.category(c) == "Cc" for c in fitted.replace("\n", ""))
    assert fit(fitted, UCS2, FLAT) == fitted


def test_ucs2_leaves_typography_alone() -> None:
    """What the phone can show is shown."""
    assert (
        fit("L’e\u0301tat «\u00a0civil\u00a0»\tɖò…", UCS2, KEEP) == "L’état «\u00a0civil\u00a0» ɖò…"
    )


def test_a_control_between_a_letter_and_its_mark_does_not_hide_nfc() -> None:
    """Controls go before composing."""
    assert fit("e\0\u0301", UCS2, KEEP) == "é"
    assert fit("e\0\u0301", GSM7, KEEP) == "é"


@pytest.mark.parametrize("policy", Policy)
def test_every_character_of_the_alphabet_but_two_stands_as_it_is(policy: Policy) -> None:
    """CR would overprint and form feed would start a page: both are line breaks."""
    for character in ALPHABET - {"\r", "\f"}:
        assert fit(character, GSM7, policy) == character


def test_more_characters_than_are_remembered_are_still_read() -> None:
    """Someone may send every character there is."""
    everything = "".join(map(chr, range(0xA1, 0x6000)))
    assert encodable(fit(everything, GSM7, FLAT))


@settings(deadline=None)
@given(anything, policies)
def test_fitting_a_clean_text_keeps_its_lines(text: str, policy: Policy) -> None:
    """A page is fitted as one and cut into its lines again."""
    clean = fit(text, UCS2, policy)
    assert fit(clean, GSM7, policy).count("\n") == clean.count("\n")
