from __future__ import annotations

import pytest

from gateway.engine.matching import begun, clean, find, fold, named, numbered

COMMUNES = ["abomey calavi", "abomey", "allada", "cotonou", "porto novo", "seme podji", "ze"]


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("  un   deux ", "un deux"),
        ("un\tdeux\r\n", "un deux"),
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("٣٤", "34"),
        ("\uff11\uff12", "12"),
        ("a\u202fb\u00a0c", "a b c"),
        ("", ""),
        ("\x00", "\x00"),
        ("x" * 10_000, "x" * 2000),
        ("é" * 10_000, "é" * 2000),
        ("a\ud83d\ude00b\ud83d", "a😀b�"),
    ],
)
def test_an_input_is_cleaned_and_cut_short(typed: str, taken: str) -> None:
    assert clean(typed) == taken


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Décès", "deces"),
        ("  Être   rappelé ! ", "etre rappele"),
        ("Fɔngbè", "fongbe"),
        ("ɖɛ́", "de"),
        ("N° 12-B", "no 12 b"),
        ("ŒUVRE", "oeuvre"),
        ("???", ""),
        ("__", ""),
    ],
)
def test_folding_leaves_letters_and_digits(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_numbers_of_choices() -> None:
    numbers = ("1", "2", "10")
    assert [numbered(text, numbers) for text in ("1", "01", "2.", "10)")] == [0, 0, 1, 2]
    assert [numbered(text, numbers) for text in ("3", "", "0", "-1", "1 2", "00")] == [None] * 6


def test_numbers_of_choices_as_people_write_them() -> None:
    numbers = ("1", "2", "10")
    written = ("n°1", "N° 1", "nº1", "No 1", "no. 1", "#1", "(1)", "« 1 »", '"1"', "1!", "1 ,")
    assert [numbered(text, numbers) for text in written] == [0] * len(written)
    others = ("1,5", "1.2", "n1", "+1", "1-2", "no", "n°", "()", "1a")
    assert [numbered(text, numbers) for text in others] == [None] * len(others)


def test_words_of_choices_are_taken_whole_or_by_first_words_that_fit_only_one() -> None:
    labels = ["acte de naissance", "acte de mariage", "casier", "casier judiciaire"]
    assert named("acte de mariage", labels) == 1
    assert named("casier", labels) == 2
    assert named("", labels) is None
    assert named("oui", ["oui", "oui"]) is None
    assert begun("acte de", labels) is None
    assert begun("casier", labels) is None
    assert begun("acte de nais", labels) is None
    assert begun("acte", labels[1:]) == 0
    assert begun("", labels) is None


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("abomey", ["abomey", "abomey calavi"]),
        ("a", ["abomey", "allada", "abomey calavi"]),
        ("calavi", ["abomey calavi"]),
        ("novo", ["porto novo"]),
        ("portonovo", []),
        ("tono", ["cotonou"]),
        ("cotonu", ["cotonou"]),
        ("kotonou", ["cotonou"]),
        ("ctoonou", ["cotonou"]),
        ("alada", ["allada"]),
        ("xx", []),
        ("", []),
        ("podji seme", ["seme podji"]),
    ],
)
def test_records_are_found_in_spite_of_slips_best_first(letters: str, found: list[str]) -> None:
    assert [COMMUNES[place] for place in find(letters, COMMUNES)] == found


def test_no_more_is_found_than_can_be_paged_through() -> None:
    assert len(find("ville", [f"ville {number}" for number in range(100)])) == 30
