"""Texts: cut at their braces, translated by the catalogues of every offered language."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.menu.expressions import Refused
from gateway.menu.program import Place, Scope, Text, show
from gateway.menu.texts import cut
from gateway.text.language import language
from tests.menu.folder import program, service

PLACE = Place("essai.yaml", 1, 1)


def scope(**values: object) -> Scope:
    return Scope(values=values, language=language("fr"))


def said(text: Text, code: str, *, gsm: bool = False, **values: object) -> str:
    return text.render(code, scope(**values), gsm=gsm)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bonjour", "Bonjour"),
        ("Bonjour {nom} !", "Bonjour Adjovi !"),
        ("{nom}", "Adjovi"),
        ("{ nom }{nom}", "AdjoviAdjovi"),
        ("{{nom}} {nom}", "{nom} Adjovi"),
        ("a }} b {{ c", "a } b { c"),
        ("{nom == '}'}.", "0."),
        ("{rien}.", "."),
        ("", ""),
    ],
)
def test_a_text_is_cut_at_its_braces(text: str, shown: str) -> None:
    """Single braces hold expressions, doubled ones are braces, quotes inside are respected."""
    values = scope(nom="Adjovi")
    whole = "".join(
        piece if isinstance(piece, str) else show(piece.evaluate(values))
        for piece in cut(text, lambda offset: PLACE)
    )
    assert whole == shown


@pytest.mark.parametrize(
    ("text", "offset"),
    [("ab {nom", 3), ("ab } c", 3), ("{}", 0), ("ab { nom( }", 8), ("ab {a {b}}", 3)],
)
def test_a_text_that_cannot_be_cut_says_where(text: str, offset: int) -> None:
    """The column of a finding points at the brace or into the expression."""
    with pytest.raises(Refused) as refused:
        cut(text, lambda offset: PLACE)
    assert refused.value.offset in (offset, offset - 3)


PO = """
msgid ""
msgstr ""
"Plural-Forms: nplurals=2; plural=n != 1;\\n"

msgid "Bonjour {nom}"
msgstr "Hello {nom}"

msgctxt "gsm"
msgid "Bonjour {nom}"
msgstr "Hi {nom}"

msgid "Une demande"
msgid_plural "{n} demandes"
msgstr[0] "One request"
msgstr[1] "{n} requests"

#, fuzzy
msgid "Essai"
msgstr "Trial"
"""

STEPS = """
- ask: Combien ?
  type: number
  save: n
- ask: Votre nom
  save: nom
- say: "  Bonjour {nom} "
- say: { one: Une demande, other: "{n} demandes", count: n }
- end: Fin.
"""


@pytest.fixture
def texts(tmp_path: Path) -> list[Text]:
    found = program(
        tmp_path,
        {"essai.yaml": service(STEPS)},
        {
            "en/LC_MESSAGES/essai.po": PO,
            "fon/LC_MESSAGES/essai.po": '#, fuzzy\nmsgid "Fin."\nmsgstr "Fó."\n',
            "fr/LC_MESSAGES/essai.po": 'msgctxt "gsm"\nmsgid "Votre nom"\nmsgstr "Nom"\n',
        },
    ).services["essai"]
    steps = found.parts["start"]
    return [found.title, *(getattr(step, "text") for step in steps)]  # noqa: B009 - of any verb


def test_a_text_is_shown_in_each_language(texts: list[Text]) -> None:
    """White space around it is lost before it is looked up."""
    hello = texts[3]
    assert said(hello, "fr", nom="Adjovi") == "Bonjour Adjovi"
    assert said(hello, "en", nom="Adjovi") == "Hello Adjovi"
    assert said(hello, "fon", nom="Adjovi") == "Bonjour Adjovi"
    assert (hello.variants["en"].language, hello.variants["fon"].language) == ("en", "fr")


def test_a_translators_gsm_variant_goes_first_where_the_phone_has_only_that(
    texts: list[Text],
) -> None:
    """Of a translation, and of the source language too."""
    assert said(texts[3], "en", gsm=True, nom="Adjovi") == "Hi Adjovi"
    assert said(texts[2], "fr", gsm=True) == "Nom"
    assert said(texts[2], "fr") == "Votre nom"


def test_counting_is_the_catalogues_or_the_source_languages(texts: list[Text]) -> None:
    """French counts zero with one, English with several."""
    requests = texts[4]
    assert [said(requests, "fr", n=n) for n in (0, 1, 2)] == [
        "Une demande",
        "Une demande",
        "2 demandes",
    ]
    assert [said(requests, "en", n=n) for n in (0, 1, 2)] == [
        "0 requests",
        "One request",
        "2 requests",
    ]


def test_fuzzy_entries_are_served_in_drafts_only(texts: list[Text]) -> None:
    """English is ready, Fon a draft."""
    title, end = texts[0], texts[5]
    assert said(title, "en") == "Essai"
    assert said(end, "fon") == "Fó."
    assert end.variants["fon"].fuzzy
    assert end.variants["fon"].place is not None


def test_a_text_without_variables_is_static(texts: list[Text]) -> None:
    """What can be measured before anyone calls is known as such, in each language."""
    assert texts[0].static("en")
    assert not texts[3].static("en")
    assert not texts[4].static("fr")
