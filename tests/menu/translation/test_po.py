"""PO files: what translators and their tools leave in one is read and written again."""

from __future__ import annotations

import pytest

from gateway.errors import CatalogueError
from gateway.menu.translation.po import Catalogue, Entry, read, write

FULL = r"""# Traduit par Awa.
msgid ""
msgstr ""
"Project-Id-Version: etat-civil\n"
"Language: fon\n"
"Last-Translator: Awa <awa@example.bj>\n"
"X-Generator: Poedit 3.4\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"

# Lu par Codjo.
#. etat-civil/start, menu
#: menus/etat-civil.yaml:5 menus/etat-civil.yaml:9
#, fuzzy, python-brace-format
#| msgid "Bonjour {nom}"
msgctxt "gsm"
msgid "Bonjour {nom} !"
msgstr "Kú \"ɖó\" {nom}\\"

msgid "{n} jour"
msgid_plural "{n} jours"
msgstr[0] "azǎn {n}"
msgstr[1] "azǎn {n} lɛ"

msgid ""
"Deux lignes\n"
"de texte"
msgstr ""
"Xwè\n"
"we\n"

#, fuzzy
#~| msgid "Avant"
#~ msgid "Autrefois"
#~ msgstr "Ɖ' ayǐ"
"""


def test_what_is_read_is_written_again() -> None:
    """Byte for byte: comments, headers, contexts, plurals, line breaks, previous, obsolete."""
    assert write(read(FULL, "fon.po")) == FULL


def test_what_an_entry_holds() -> None:
    """Each piece has its name."""
    catalogue = read(FULL, "fon.po")
    first, plural, lines, obsolete = catalogue.entries
    assert catalogue.headers["X-Generator"] == "Poedit 3.4"
    assert (first.key, first.fuzzy) == (("gsm", "Bonjour {nom} !"), True)
    assert (first.forms, first.previous) == (['Kú "ɖó" {nom}\\'], ['msgid "Bonjour {nom}"'])
    assert plural.forms == ["azǎn {n}", "azǎn {n} lɛ"]
    assert (lines.msgid, lines.forms) == ("Deux lignes\nde texte", ["Xwè\nwe\n"])
    assert (obsolete.obsolete, obsolete.previous) == (True, ['msgid "Avant"'])


def test_wrapped_lines_of_other_tools_are_joined() -> None:
    """Poedit and gettext wrap at 79; here a text has one line for each of its own."""
    text = 'msgid ""\n"Bonjour "\n"Awa"\nmsgstr ""\n"Kú "\n"Awa"\n'
    assert write(read(text, "a.po")).endswith('msgid "Bonjour Awa"\nmsgstr "Kú Awa"\n')


def test_entries_without_blank_lines_between() -> None:
    """An entry ends where the next begins."""
    text = '# un\nmsgid "a"\nmsgstr "b"\n# deux\nmsgid "c"\nmsgstr "d"\nmsgid "e"\nmsgstr ""\n'
    entries = read(text, "a.po").entries
    assert [(entry.msgid, entry.comments) for entry in entries] == [
        ("a", ["un"]),
        ("c", ["deux"]),
        ("e", []),
    ]


def test_texts_are_written_in_nfc() -> None:
    """Keys too, so that an entry is found whichever way its letters were typed."""
    entry = Entry("pre\u0301nom", forms=["nyikO\u0301"])
    assert entry.key == (None, "prénom")
    assert 'msgid "prénom"\nmsgstr "nyikÓ"' in write(Catalogue(entries=[entry]))


def test_references_are_wrapped() -> None:
    """At 78 characters, as gettext does."""
    entry = Entry("a", forms=[""], references=[f"menus/etat-civil.yaml:{n}" for n in range(9)])
    lines = [line for line in write(Catalogue(entries=[entry])).split("\n") if line[:2] == "#:"]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 78


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bonjour\n", 1),
        ('msgid "a"\nmsgstr "b\n', 2),
        ('msgid "a"\nmsgid_plural "b"\n\nmsgid "c"\nmsgstr "d"\n', 4),
        ('msgstr "b"\n', 2),
        ('msgid "a"\nmsgid "b"\nmsgstr "c"\n', 2),
        ('"a"\n', 1),
    ],
)
def test_what_is_no_po_is_refused_with_its_line(text: str, line: int) -> None:
    """So that a translator finds the place."""
    with pytest.raises(CatalogueError) as refused:
        read(text, "fon.po")
    assert str(refused.value).startswith(f"fon.po:{line}: ")
