"""What the registry knows, for languages that CLDR knows and for those that it doesn't."""

from __future__ import annotations

import unicodedata
from gettext import c2py

import pytest

from gateway.events import Encoding
from gateway.text.language import Language, Policy, State, language

REGISTERED = ("fr", "en", "fon", "yo", "yo_BJ", "bba", "ddn", "ajg", "gej", "ee", "ha", "guw")
OTHERS = ("pt", "fr_BJ", "ar", "zz", "no such")


@pytest.mark.parametrize("code", [*REGISTERED, *OTHERS])
def test_a_language_is_whole(code: str) -> None:
    """Twelve months, seven days, a plural rule that stays within its forms, a name."""
    found = language(code)
    assert found.code == code
    assert found.name
    assert found.state is State.READY
    assert len(set(found.months)) == 12
    assert len(set(found.days)) == 7
    assert all(unicodedata.is_normalized("NFC", word) for word in (*found.months, *found.days))
    assert found.plural(7) == c2py(found.plural_rule)(7)
    assert all(0 <= found.plural(count) < found.plurals for count in range(200))


@pytest.mark.parametrize(
    ("code", "forms"),
    [
        ("fr", (0, 0, 1)),
        ("fr_BJ", (0, 0, 1)),
        ("guw", (0, 0, 1)),
        ("en", (1, 0, 1)),
        ("fon", (1, 0, 1)),
        ("bba", (1, 0, 1)),
        ("ddn", (1, 0, 1)),
        ("ee", (1, 0, 1)),
        ("ha", (1, 0, 1)),
        ("yo", (0, 0, 0)),
        ("yo_BJ", (0, 0, 0)),
    ],
)
def test_the_form_for_none_one_and_two(code: str, forms: tuple[int, int, int]) -> None:
    """French has « 0 dossier », English "0 files", Yoruba one form for all."""
    found = language(code)
    assert tuple(map(found.plural, (0, 1, 2))) == forms


def test_yoruba_of_benin_is_spelt_as_in_benin() -> None:
    """ɛ ɔ sh, where Nigeria writes ẹ ọ ṣ; and it never falls back on that."""
    found = language("yo_BJ")
    words = unicodedata.normalize("NFD", "".join((*found.months, *found.days, found.name)))
    assert "\u0323" not in words
    assert "ɔ" in words
    assert found.fallback == ("fr",)


@pytest.mark.parametrize("code", ["bba", "ddn", "ajg", "gej", "zz"])
def test_a_language_without_known_date_words_has_the_french_ones(code: str) -> None:
    """Rather French than made up."""
    french = language("fr")
    found = language(code)
    assert (found.months, found.days, found.words) == (french.months, french.days, french.words)


@pytest.mark.parametrize(
    ("code", "policy", "sms"),
    [
        ("fr", Policy.KEEP, Encoding.GSM7),
        ("en", Policy.KEEP, Encoding.GSM7),
        ("ha", Policy.KEEP, Encoding.GSM7),
        ("fon", Policy.FLAT, Encoding.UCS2),
        ("yo_BJ", Policy.FLAT, Encoding.UCS2),
        ("bba", Policy.FLAT, Encoding.UCS2),
        ("pt", Policy.KEEP, Encoding.GSM7),
        ("ar", Policy.KEEP, Encoding.UCS2),
        ("zz", Policy.FLAT, Encoding.UCS2),
    ],
)
def test_tones_are_worth_an_sms(code: str, policy: Policy, sms: Encoding) -> None:
    """Tonal languages lose all tones on a USSD page, and none in a message."""
    found = language(code)
    assert (found.policy, found.sms) == (policy, sms)


def test_the_site_has_the_last_word() -> None:
    """Its name, its state, its encoding, its source language."""
    found = language("fon", "Fongbe", "draft", "gsm7", "en")
    assert (found.name, found.state, found.sms) == ("Fongbe", State.DRAFT, Encoding.GSM7)
    assert found.fallback == ("en",)


@pytest.mark.parametrize(
    ("code", "source", "chain"),
    [
        ("fr", "fr", ()),
        ("en", "fr", ("fr",)),
        ("en_GB", "fr", ("en", "fr")),
        ("fr_BJ", "fr", ("fr",)),
        ("fr", "en", ("en",)),
    ],
)
def test_the_source_language_is_asked_last(code: str, source: str, chain: tuple[str, ...]) -> None:
    """After the same language of no country in particular."""
    assert language(code, source=source).fallback == chain


@pytest.mark.parametrize("wrong", [{"state": "finished"}, {"sms": "utf8"}])
def test_a_state_or_encoding_that_there_is_not_is_an_error(wrong: dict[str, str]) -> None:
    """The site's reader turns it into a finding with its place."""
    with pytest.raises(ValueError, match=next(iter(wrong.values()))):
        language("fon", **wrong)


def test_languages_are_values() -> None:
    """Frozen, so that a program can share them."""
    found: Language = language("fr")
    with pytest.raises(AttributeError):
        found.code = "en"  # type: ignore[misc]
