"""PO files as translators write them, good and broken, and what is served out of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gateway.errors import CatalogueError
from gateway.text.catalogue import GSM_CONTEXT, Catalogue, Catalogues, read

HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"POT-Creation-Date: YEAR-MO-DA HO:MI+ZONE\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"X-Reviewer: nobody yet\\n"
"""


def write(folder: Path, language: str, body: str, plural: str = "", domain: str = "acte") -> Path:
    """A PO file in its place below `folder`."""
    path = folder / language / "LC_MESSAGES" / f"{domain}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = HEADER.format(language=language)
    if plural:
        header += f'"Plural-Forms: {plural}\\n"\n'
    path.write_text(f"{header}\n{body}", "utf-8")
    return path


def catalogue(folder: Path, body: str, language: str = "fon", plural: str = "") -> Catalogue:
    return read(write(folder, language, body, plural))


def test_an_entry_has_all_that_a_translator_wrote(tmp_path: Path) -> None:
    """Text over several lines, escapes, flags, and the line to point at."""
    found = catalogue(
        tmp_path,
        """#. max-length:12
#: acte.yaml:4
#, fuzzy, max-length:12
msgctxt "gsm"
msgid ""
"Oui "
"« non »"
msgstr "\\"Ɛɛn\\"\\n"
"eo"
""",
    ).get("Oui « non »", GSM_CONTEXT)
    assert found is not None
    assert found.forms == ('"Ɛɛn"\neo',)
    assert found.fuzzy
    assert not found.empty
    assert found.flags == {"fuzzy", "max-length:12"}
    assert (found.language, found.context, found.msgid_plural) == ("fon", "gsm", None)
    assert Path(found.file).read_text("utf-8").splitlines()[found.line - 1] == 'msgid ""'


def test_an_entry_with_and_without_context_are_two(tmp_path: Path) -> None:
    """The GSM wording stands beside the full one."""
    found = catalogue(tmp_path, 'msgid "a"\nmsgstr "ɖò"\n\nmsgctxt "gsm"\nmsgid "a"\nmsgstr "do"\n')
    full, plain = found.get("a"), found.get("a", "gsm")
    assert full is not None
    assert plain is not None
    assert (full.forms, plain.forms) == (("ɖò",), ("do",))


def test_obsolete_entries_are_gone(tmp_path: Path) -> None:
    """What the menus no longer say cannot be served."""
    found = catalogue(tmp_path, 'msgid "a"\nmsgstr "b"\n\n#~ msgid "c"\n#~ msgstr "d"\n')
    assert list(found.entries) == [(None, "a")]


def test_a_text_is_found_however_its_accents_were_typed(tmp_path: Path) -> None:
    """Translators' tools compose letters that an author's editor may not."""
    found = catalogue(tmp_path, 'msgid "Re\u0301ponse"\nmsgstr "x"\n')
    assert found.get("R\u00e9ponse") is found.get("Re\u0301ponse") is not None


@pytest.mark.parametrize(
    ("language", "plural", "forms"),
    [
        ("fon", "nplurals=2; plural=n != 1;", (1, 0, 1)),
        ("fon", "nplurals=2; plural=(n > 1);", (0, 0, 1)),
        ("fon", "nplurals=1; plural=0;", (0, 0, 0)),
        ("yo", "nplurals=2; plural=n != 1;", (1, 0, 1)),
        ("fon", "", (1, 0, 1)),
        ("yo_BJ", "", (0, 0, 0)),
        ("fr", "", (0, 0, 1)),
    ],
)
def test_the_header_decides_on_plurals_and_the_registry_without_it(
    tmp_path: Path, language: str, plural: str, forms: tuple[int, int, int]
) -> None:
    """For languages that Babel does not know, and in spite of what it thinks of Yoruba."""
    found = catalogue(tmp_path, "", language, plural)
    assert tuple(map(found.plural, (0, 1, 2))) == forms
    assert found.plurals == max(forms) + 1


def test_plural_forms_are_kept_in_order(tmp_path: Path) -> None:
    """And one that is missing leaves the entry empty."""
    found = catalogue(
        tmp_path,
        'msgid "{n} an"\nmsgid_plural "{n} ans"\nmsgstr[1] "{n} xwè lɛ"\nmsgstr[0] "{n} xwè"\n\n'
        'msgid "b"\nmsgid_plural "bs"\nmsgstr[0] "c"\n',
    )
    years, half = found.get("{n} an"), found.get("b")
    assert years is not None
    assert (years.forms, years.msgid_plural) == (("{n} xwè", "{n} xwè lɛ"), "{n} ans")
    assert half is not None
    assert half.empty


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ('msgid "a"\nmsgstr "b\n', 9, "quotes"),
        ("hello\n", 8, "quotes"),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', 11, "twice"),
        ('msgid "a"\n\nmsgid "b"\nmsgstr "c"\n', 8, "missing msgstr"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[2] "d"\n', 8, "more translations"),
    ],
)
def test_a_broken_file_is_refused_at_its_line(
    tmp_path: Path, body: str, line: int, reason: str
) -> None:
    """Babel alone would lose a letter, an entry or a form and say nothing."""
    path = write(tmp_path, "fon", body)
    with pytest.raises(CatalogueError, match=reason) as caught:
        read(path)
    assert (caught.value.file, caught.value.line) == (str(path), line)
    assert str(caught.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    "plural",
    [
        "nplurals=INTEGER; plural=EXPRESSION;",
        "nplurals=0; plural=0;",
        "nplurals=2; plural=n;",
        "nplurals=2; plural=n/0;",
        "nplurals=2; plural=n != ;",
        "nplurals=2; plural=exit(1);",
    ],
)
def test_a_plural_rule_that_does_not_work_is_refused_at_its_line(
    tmp_path: Path, plural: str
) -> None:
    """Before a citizen's count meets it."""
    with pytest.raises(CatalogueError, match="Plural-Forms") as caught:
        catalogue(tmp_path, "", plural=plural)
    assert caught.value.line == 7


@pytest.mark.parametrize(
    "line",
    [
        '"PO-Revision-Date: 2026\\n"',
        '"Language: Fon (Bénin)\\n"',
        '"Content-Type: text/plain; charset=CHARSET\\n"',
    ],
)
def test_a_header_that_a_tool_left_odd_does_not_cost_the_file(tmp_path: Path, line: str) -> None:
    """Babel refuses it for a date that is none, or a language it cannot parse."""
    found = catalogue(tmp_path, f'{line}\n\nmsgid "a"\nmsgstr "b"\n')
    entry = found.get("a")
    assert entry is not None
    assert entry.forms == ("b",)


def test_a_former_msgid_of_an_obsolete_entry_is_passed_over(tmp_path: Path) -> None:
    """msgmerge writes it as `#~|`, which Babel takes for a fault; the entry's flags go with it."""
    found = catalogue(
        tmp_path,
        '#, fuzzy\n#~| msgid "old"\n#~ msgid "gone"\n#~ msgstr "x"\n\nmsgid "a"\nmsgstr "b"\n',
    )
    entry = found.get("a")
    assert entry is not None
    assert not entry.fuzzy


def test_a_text_that_looks_like_a_header_is_a_text(tmp_path: Path) -> None:
    """Only the first entry is the header."""
    found = catalogue(tmp_path, 'msgid ""\n"Language: "\n"Fon"\nmsgstr "x"\n')
    assert found.get("Language: Fon") is not None


def test_a_header_out_of_place_is_refused(tmp_path: Path) -> None:
    """A file that begins in the middle."""
    path = write(tmp_path, "fon", "")
    path.write_text('msgstr ""\n"Language: Fon (Bénin)\\n"\n# cut here\n', "utf-8")
    with pytest.raises(CatalogueError, match=":1: this is not a PO file"):
        read(path)


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path: Path) -> None:
    """Absent, in another encoding, or a folder."""
    path = write(tmp_path, "fon", "")
    path.write_bytes(b'msgid ""\nmsgstr ""\n\nmsgid "\xe9"\nmsgstr "x"\n')
    with pytest.raises(CatalogueError, match=":4: not UTF-8"):
        read(path)
    with pytest.raises(CatalogueError, match=":1: cannot be read"):
        read(tmp_path / "fon" / "LC_MESSAGES" / "none.po")
    with pytest.raises(CatalogueError, match=":1: cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "\n", "# only a comment\n", '\ufeffmsgid "a"\nmsgstr "b"\n']
)
def test_a_file_without_a_header_has_the_registrys_rule(tmp_path: Path, content: str) -> None:
    """Empty files and byte-order marks are no reason to stop."""
    path = write(tmp_path, "yo_BJ", "")
    path.write_text(content, "utf-8")
    assert read(path).plurals == 1


def test_five_thousand_messages_are_read_well_under_a_second(tmp_path: Path) -> None:
    """Menus are read again on saving, while an author waits."""
    body = "\n".join(
        f'#: acte.yaml:{n}\nmsgid "Message {n}"\nmsgstr "Ɖɔ {n}"\n' for n in range(5000)
    )
    path = write(tmp_path, "fon", body)
    begun = time.process_time()
    assert len(read(path).entries) == 5000
    assert time.process_time() - begun < 1


# ---- what is served ------------------------------------------------------------------


def test_the_first_language_that_has_a_text_serves_it(tmp_path: Path) -> None:
    """The chain is the one given, and nothing is guessed beyond it."""
    write(tmp_path, "fon", 'msgid "a"\nmsgstr "fon"\n\nmsgid "b"\nmsgstr ""\n')
    write(tmp_path, "en", 'msgid "a"\nmsgstr "en"\n\nmsgid "b"\nmsgstr "en"\n')
    found = Catalogues([tmp_path], drafts=False)
    first, second = found.find(["fon", "en"], "acte", "a"), found.find(["fon", "en"], "acte", "b")
    assert first is not None
    assert second is not None
    assert (first.language, second.language) == ("fon", "en")
    assert found.find(["fon"], "acte", "b") is None
    assert found.find(["fon", "en"], "acte", "a", GSM_CONTEXT) is None
    assert found.find(["fon", "en"], "autre", "a") is None


@pytest.mark.parametrize(
    ("drafts", "draft_languages", "served"),
    [(True, {"fon"}, True), (True, {"yo_BJ"}, False), (True, (), False), (False, {"fon"}, False)],
)
def test_fuzzy_entries_are_for_drafts_where_drafts_are_allowed(
    tmp_path: Path, drafts: bool, draft_languages: set[str], served: bool
) -> None:
    """A fuzzy entry of a ready language is an old translation of another text."""
    write(tmp_path, "fon", '#, fuzzy\nmsgid "a"\nmsgstr "b"\n')
    found = Catalogues([tmp_path], drafts, draft_languages)
    assert (found.find(["fon"], "acte", "a") is not None) is served


def test_a_half_translated_plural_is_not_served(tmp_path: Path) -> None:
    """She would get French for two and Fon for one."""
    write(tmp_path, "fon", 'msgid "a"\nmsgid_plural "as"\nmsgstr[0] "b"\nmsgstr[1] " "\n')
    assert Catalogues([tmp_path], drafts=False).find(["fon"], "acte", "a") is None


def test_a_deployment_overrides_the_package_entry_by_entry(tmp_path: Path) -> None:
    """What it leaves empty or fuzzy stays the package's."""
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    write(shipped, "fon", "\n".join(f'msgid "{key}"\nmsgstr "shipped"\n' for key in "abcd"))
    write(
        own,
        "fon",
        'msgid "a"\nmsgstr "own"\n\nmsgid "b"\nmsgstr ""\n\n#, fuzzy\nmsgid "c"\nmsgstr "own"\n',
    )
    found = Catalogues([shipped, own], drafts=False)
    texts = {}
    for key in "abcd":
        entry = found.find(["fon"], "acte", key)
        assert entry is not None
        texts[key] = entry.forms[0]
    assert texts == {"a": "own", "b": "shipped", "c": "shipped", "d": "shipped"}
    assert len(found.catalogues()) == 2


def test_a_broken_file_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    """All faults are told at once, and what can be served is."""
    write(tmp_path, "fon", "hello\n")
    write(tmp_path, "en", 'msgid "a"\nmsgstr "b"\n')
    found = Catalogues([tmp_path, tmp_path / "absent"], drafts=False)
    assert [error.line for error in found.errors] == [8]
    assert found.find(["fon", "en"], "acte", "a") is not None


def test_a_folder_may_be_named_with_a_hyphen(tmp_path: Path) -> None:
    """`yo-BJ`, as some translators' tools write it, is yo_BJ."""
    write(tmp_path, "yo-BJ", 'msgid "a"\nmsgstr "b"\n', domain="commun.rappel")
    found = Catalogues([tmp_path], drafts=False)
    assert found.find(["yo_BJ"], "commun.rappel", "a") is not None
