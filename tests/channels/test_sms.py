"""What the short code says of itself, and which messages it hears so."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from gateway.channels.sms import Word, bearers, encoding, reply, said, word
from gateway.events import Channel, Encoding
from gateway.menu.program import Program
from gateway.text.gsm7 import encodable
from gateway.text.segments import segment
from tests.engine.citizen import build, load_folder

ROOT = Path(__file__).parents[2]
MENU = "title: Essai\nflow:\n  start:\n    - end: Bien.\n"
BARE = """\
source: fr
country: BJ
timezone: Africa/Porto-Novo
languages: { fr: Français }
agencies: { mairie: { name: Mairie } }
codes: { "*229#": essai }
"""


@cache
def shipped() -> Program:
    return load_folder(ROOT / "menus", ROOT / "locales")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("STOP", Word.STOP),
        (" arrêt ! ", Word.STOP),
        ("Fin.", Word.STOP),
        ("Reprendre", Word.AGAIN),
        ("start", Word.AGAIN),
        ("aide ?", Word.HELP),
        ("« HELP »", Word.HELP),
        ("stop svp", None),
        ("infos et aide", None),
        ("", None),
        ("🎉", None),
        ("stop " * 50, None),
    ],
)
def test_words_are_whole_messages(text: str, meaning: Word | None) -> None:
    assert word(shipped(), text) is meaning


@pytest.mark.parametrize("language", ["fr", "en", "fon", "yo_BJ", "bba", "ddn", None, "xx"])
def test_each_is_told_in_one_message_of_every_language(language: str | None) -> None:
    told = [reply(shipped(), meaning, language=language, to="8585") for meaning in Word]
    told += [said(shipped(), language, key) for key in ("too_many", "trouble_sms")]
    for text in told:
        assert len(segment(text, encoding(text)).parts) == 1, text
        assert "{" not in text


def test_help_names_the_short_code_the_words_and_the_code_to_dial() -> None:
    told = reply(shipped(), Word.HELP, language="en", to="8585")
    assert told == "Text MENU to 8585 or dial *229#. For no more SMS: STOP."


def test_a_site_without_words_of_its_own_names_none() -> None:
    program = build({"site.yaml": BARE, "essai.yaml": MENU})
    assert word(program, "STOP") is None
    assert reply(program, Word.STOP, language=None, to="8585") == (
        "C'est noté : plus de SMS du 8585."
    )
    assert reply(program, Word.HELP, language=None, to="8585") == (
        "Écrivez MENU au 8585 ou composez *229#."
    )


def test_two_parts_carry_a_page_in_either_alphabet() -> None:
    found = bearers(shipped(), "61603")
    for alphabet, letters in ((Encoding.GSM7, "a"), (Encoding.UCS2, "ɔ")):
        bearer = found[alphabet]
        assert (bearer.channel, bearer.encoding, bearer.operator) == (Channel.SMS, alphabet, "MTN")
        assert len(segment(letters * bearer.budget, alphabet).parts) == 2
        assert len(segment(letters * (bearer.budget + 1), alphabet).parts) == 3
    assert bearers(shipped(), None)[Encoding.GSM7].operator == ""


def test_a_page_is_sent_in_the_cheapest_alphabet_that_has_it() -> None:
    assert encoding("Toxo towe") is Encoding.GSM7
    assert encoding("Tɔxo towe") is Encoding.UCS2
    assert encodable("École")
