from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.paging import Key, Page, Sheet, cut, lay_out, numbering
from gateway.events import Encoding
from gateway.menu.keypad import Keys
from gateway.text.gsm7 import encodable, units
from gateway.text.language import Policy

WORDS = ("Passer", "Suite", "Retour", "Accueil")


def sheet(
    body: str = "Texte",
    options: tuple[str, ...] = (),
    *,
    above: str = "",
    hidden: frozenset[Key] = frozenset(),
    skips: bool = False,
    returns: bool = True,
    leaves: bool = True,
    closes: bool = False,
    encoding: Encoding = Encoding.GSM7,
    budget: int = 160,
    policy: Policy = Policy.KEEP,
    words: tuple[str, str, str, str] = WORDS,
) -> Sheet:
    return Sheet(
        above,
        body,
        options,
        words,
        Keys(),
        hidden,
        skips,
        returns,
        leaves,
        closes,
        encoding,
        budget,
        policy,
    )


def test_one_page_shows_the_keys_that_work() -> None:
    (page,) = lay_out(sheet(options=("1. Oui", "2. Non"), skips=True))
    assert page.text == "Texte\n1. Oui\n2. Non\n99. Passer\n0. Retour\n00. Accueil"
    assert page.keys == {Key.SKIP, Key.BACK, Key.HOME}
    assert page.units == len(page.text)


def test_the_first_screen_shows_neither_back_nor_home() -> None:
    (page,) = lay_out(sheet(returns=False, leaves=False))
    assert page == Page("Texte", frozenset(), 5, True)


def test_a_page_fits_to_the_last_unit() -> None:
    exact = "x" * (160 - len("\n0. Retour\n00. Accueil"))
    assert len(lay_out(sheet(exact))) == 1
    assert len(lay_out(sheet(exact + "x"))) == 2


def test_what_is_above_pages_by_itself_when_all_is_too_long() -> None:
    pages = lay_out(sheet("Question ?", ("1. Oui",), above="A" * 126))
    assert [page.text.split("\n")[0] for page in pages] == ["A" * 126, "Question ?"]
    assert pages[0].keys == {Key.MORE, Key.BACK, Key.HOME}
    together = lay_out(sheet("Question ?", ("1. Oui",), above="A" * 90))
    assert len(together) == 1


def test_later_pages_go_back_even_on_the_first_screen() -> None:
    pages = lay_out(sheet("mot " * 80, returns=False, leaves=False))
    assert Key.BACK not in pages[0].keys
    assert all(Key.BACK in page.keys for page in pages[1:])
    assert all(Key.MORE in page.keys for page in pages[:-1])
    assert Key.MORE not in pages[-1].keys


def test_a_last_page_that_closes_has_no_keys() -> None:
    pages = lay_out(sheet("mot " * 80, closes=True))
    assert pages[-1].keys == frozenset()
    assert not pages[-1].text.endswith("Accueil")


def test_keys_that_could_be_an_answer_stand_as_words_where_they_are_needed() -> None:
    (page,) = lay_out(sheet(hidden=frozenset(Key), skips=True))
    assert page == Page("Texte\nPASSER", frozenset(), 12, True)
    first, *_ = lay_out(sheet("mot " * 80, hidden=frozenset(Key)))
    assert first.text.endswith("\nSUITE")
    assert first.keys == frozenset()


def test_a_small_page_loses_home_and_back_before_its_content() -> None:
    pages = lay_out(sheet("mot " * 20, budget=40))
    assert all(page.units <= 40 for page in pages)
    assert all(len(page.text.split("\n")[0]) >= 12 for page in pages[:-1])


def test_tones_are_kept_on_all_pages_or_on_none() -> None:
    body = "à " * 100 + "ɔ́"
    pages = lay_out(sheet(body, policy=Policy.FLAT))
    assert len(pages) > 1
    assert not any("à" in page.text for page in pages)
    kept = lay_out(sheet("à " * 100, policy=Policy.FLAT))
    assert all("à" in page.text for page in kept)


def test_odd_line_breaks_do_not_move_texts_into_one_another() -> None:
    (page,) = lay_out(sheet("un\r\ndeux\u2028trois\x85ɔ", ("1. a\rb", "2. ê")))
    assert page.text == "un\ndeux\ntrois\no\n1. a\nb\n2. e\n0. Retour\n00. Accueil"


def test_cut_prefers_the_end_of_a_sentence_or_a_line() -> None:
    assert cut("Un deux. Trois quatre", 16, Encoding.GSM7) == ("Un deux.", "Trois quatre")
    assert cut("Un deux\ntrois quatre", 14, Encoding.GSM7) == ("Un deux", "trois quatre")
    assert cut("Un. Deux trois quatre", 16, Encoding.GSM7) == ("Un. Deux trois", "quatre")


def test_cut_splits_a_long_word_between_characters_that_are_seen() -> None:
    assert cut("abcdef", 4, Encoding.GSM7) == ("abcd", "ef")
    assert cut("€€€", 5, Encoding.GSM7) == ("€€", "€")
    assert cut("ɔ̀ɔ̀ɔ̀", 3, Encoding.UCS2) == ("ɔ̀", "ɔ̀ɔ̀")
    heap = "a" + "\u0301" * 50
    piece, rest = cut(heap, 10, Encoding.UCS2)
    assert piece + rest == heap
    assert piece


def test_numbers_skip_the_keys() -> None:
    assert numbering(4, Keys(back="2", home="0", more="4")) == ("1", "3", "5", "6")
    assert "98" not in numbering(120, Keys())
    assert numbering(0, Keys()) == ()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=400) | st.text("mot ɔ́é€", max_size=400)


@given(
    body=TEXTS,
    above=st.just("") | TEXTS,
    labels=st.lists(st.text(max_size=60) | st.text("abc é", max_size=250), max_size=25),
    flags=st.tuples(*[st.booleans()] * 4),
    hidden=st.frozensets(st.sampled_from(Key)),
    carrier=st.sampled_from([(Encoding.GSM7, 160), (Encoding.GSM7, 45), (Encoding.UCS2, 70)]),
    policy=st.sampled_from(Policy),
)
def test_every_page_fits_and_no_choice_is_lost(
    body: str,
    above: str,
    labels: list[str],
    flags: tuple[bool, bool, bool, bool],
    hidden: frozenset[Key],
    carrier: tuple[Encoding, int],
    policy: Policy,
) -> None:
    numbers = numbering(len(labels), Keys())
    options = tuple(f"{number}. {label}" for number, label in zip(numbers, labels, strict=True))
    encoding, budget = carrier
    skips, returns, leaves, closes = flags
    pages = lay_out(
        sheet(
            body,
            options,
            above=above,
            hidden=hidden,
            skips=skips,
            returns=returns,
            leaves=leaves,
            closes=closes,
            encoding=encoding,
            budget=budget,
            policy=policy,
        )
    )
    assert pages
    for place, page in enumerate(pages):
        assert page.units == units(page.text, encoding) <= budget
        assert encoding is Encoding.UCS2 or encodable(page.text)
        assert (Key.MORE in page.keys) == (place + 1 < len(pages) and Key.MORE not in hidden)
        assert not page.keys & hidden
    whole = "\n".join(page.text for page in pages)
    at = 0
    for number in numbers:
        found = re.compile(rf"^{number}\.", re.MULTILINE).search(whole, at)
        assert found, f"choice {number} is nowhere"
        at = found.end()
