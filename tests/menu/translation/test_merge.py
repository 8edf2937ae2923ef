"""Catalogues brought up to date: nothing that a translator wrote is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.menu.program import Place
from gateway.menu.translation.merge import fresh, merge
from gateway.menu.translation.po import Catalogue, Entry, Key, read, write
from gateway.menu.translation.template import Message
from gateway.text.catalogue import Catalogues
from gateway.text.language import language

FON = language("fon")


def message(text: str, plural: str | None = None, limit: int | None = None) -> Message:
    wordless = text == "{numero}{acte}"
    return Message(text, plural, wordless, [Place("menus/a.yaml", 1, 1)], limit=limit)


def catalogue(*entries: Entry, headers: dict[str, str] | None = None) -> Catalogue:
    return Catalogue(headers=headers or {}, entries=list(entries))


def merged(old: Catalogue, *messages: Message) -> dict[str, Entry]:
    new = merge("etat-civil", messages, old, FON)
    return {entry.msgid: entry for entry in new.entries if entry.context is None}


def test_translations_are_kept() -> None:
    """With their comments, flags and fuzziness; ours are renewed."""
    old = catalogue(
        Entry("Oui", forms=["Ɛ̀ɛ̀n"], flags=["fuzzy", "no-wrap", "max-length:3"], comments=["Codjo"])
    )
    entry = merged(old, message("Oui", limit=24))["Oui"]
    assert entry.forms == ["Ɛ̀ɛ̀n"]
    assert entry.flags == ["fuzzy", "max-length:24", "no-wrap"]
    assert entry.comments == ["Codjo"]
    assert (entry.notes, entry.references) == (["max-length:24"], ["menus/a.yaml:1"])


def test_a_new_text_is_empty() -> None:
    """And not fuzzy: there is nothing to be read."""
    entry = merged(catalogue(), message("Votre nom, {nom} ?"))["Votre nom, {nom} ?"]
    assert (entry.forms, entry.flags) == ([""], ["python-brace-format"])


def test_a_changed_text_keeps_its_translation_as_fuzzy() -> None:
    """With the text it was made for, so that the translator sees what has changed."""
    old = catalogue(Entry("Quel acte voulez-vous ?", forms=["Wema tɛ ?"]))
    found = merged(old, message("Quel acte demandez-vous ?"))
    entry = found["Quel acte demandez-vous ?"]
    assert (entry.forms, entry.flags) == (["Wema tɛ ?"], ["fuzzy"])
    assert entry.previous == ['msgid "Quel acte voulez-vous ?"']
    assert found["Quel acte voulez-vous ?"].obsolete


def test_a_text_that_comes_back_finds_its_translation_unchanged() -> None:
    """What was replaced is kept at the end of the file."""
    first = catalogue(Entry("Quel acte voulez-vous ?", forms=["Wema tɛ ?"]))
    second = merge("a", [message("Quel acte demandez-vous ?")], first, FON)
    third = merge("a", [message("Quel acte voulez-vous ?")], second, FON)
    entry = third.by_key(obsolete=False)[None, "Quel acte voulez-vous ?"]
    assert (entry.forms, entry.flags, entry.previous) == (["Wema tɛ ?"], [], [])


def test_changed_twice_it_still_names_the_text_it_was_made_for() -> None:
    """Not the one in between, which it never translated."""
    old = catalogue(Entry("Quel acte voulez-vous ?", forms=["Wema tɛ ?"]))
    once = merge("a", [message("Quel acte demandez-vous ?")], old, FON)
    once.entries = [entry for entry in once.entries if not entry.obsolete]
    twice = merge("a", [message("Quel acte demandez-vous ici ?")], once, FON)
    assert twice.entries[0].previous == ['msgid "Quel acte voulez-vous ?"']


def test_something_else_altogether_is_no_near_match() -> None:
    """A wrong proposal costs a translator more than none."""
    old = catalogue(Entry("Rappelez demain.", forms=["Xo sɔ."]))
    found = merged(old, message("Quel acte ?"))
    assert found["Quel acte ?"].forms == [""]
    assert found["Rappelez demain."].obsolete


def test_an_empty_entry_that_is_gone_leaves_nothing() -> None:
    """Only what somebody wrote is kept."""
    assert list(merged(catalogue(Entry("Oui", forms=[""])), message("Non"))) == ["Non"]


def test_the_gsm_wording_stays_beside_its_text() -> None:
    """A translator's own entry, which no template knows."""
    old = catalogue(
        Entry("Oui", forms=["Ɛ̀ɛ̀n"]), Entry("Oui", context="gsm", forms=["En"], flags=["fuzzy"])
    )
    new = merge("a", [message("Non"), message("Oui")], old, FON)
    assert [(entry.context, entry.msgid) for entry in new.entries] == [
        (None, "Non"),
        (None, "Oui"),
        ("gsm", "Oui"),
    ]
    assert (new.entries[2].forms, new.entries[2].flags) == (["En"], ["fuzzy"])


def test_a_text_of_placeholders_only_is_kept_if_somebody_translated_it() -> None:
    """Nobody is asked to; who needs another order may write one."""
    theirs = catalogue(Entry("{numero}{acte}", forms=["{acte}{numero}"]))
    assert merged(catalogue(), message("{numero}{acte}")) == {}
    assert merged(theirs, message("{numero}{acte}"))["{numero}{acte}"].forms == ["{acte}{numero}"]


@pytest.mark.parametrize(("code", "forms"), [("fon", 2), ("bba", 2), ("ddn", 2), ("yo_BJ", 1)])
def test_plural_headers_come_from_our_registry(code: str, forms: int) -> None:
    """For languages that CLDR doesn't know too; an entry has as many forms."""
    known = language(code)
    new = merge("a", [message("{n} jour", "{n} jours")], catalogue(), known)
    assert new.headers["Plural-Forms"] == f"nplurals={forms}; plural={known.plural_rule};"
    assert new.entries[0].forms == [""] * forms
    assert new.headers["Language"] == code


def test_a_translators_plural_rule_stays() -> None:
    """The catalogue's plural forms decide; what msginit left open does not."""
    theirs = {"Plural-Forms": "nplurals=3; plural=n>2;", "X-Generator": "Poedit"}
    new = merge("a", [message("{n} jour", "{n} jours")], catalogue(headers=theirs), FON)
    assert new.headers["Plural-Forms"] == "nplurals=3; plural=n>2;"
    assert len(new.entries[0].forms) == 3
    assert new.headers["X-Generator"] == "Poedit"
    open_ = {"Plural-Forms": "nplurals=INTEGER; plural=EXPRESSION;"}
    new = merge("a", [], catalogue(headers=open_), FON)
    assert new.headers["Plural-Forms"] == "nplurals=2; plural=n != 1;"


def test_a_text_that_becomes_countable_is_fuzzy() -> None:
    """Its one form is kept as the first; back again, the form for many is."""
    old = catalogue(Entry("{n} jours ici", forms=["azǎn {n}"]))
    entry = merged(old, message("{n} jours ici", "{n} jours là"))["{n} jours ici"]
    assert (entry.forms, entry.fuzzy) == (["azǎn {n}", ""], True)
    old = catalogue(Entry("{n} jour ici", "{n} jours ici", forms=["azǎn", "azǎn lɛ"]))
    entry = merged(old, message("{n} jour ici"))["{n} jour ici"]
    assert (entry.forms, entry.fuzzy) == (["azǎn lɛ"], True)


def test_a_service_that_was_renamed_finds_its_translations() -> None:
    """In the catalogue of its old name, which belongs to no service any more."""
    elsewhere: dict[Key, Entry] = {(None, "Oui"): Entry("Oui", forms=["Ɛ̀ɛ̀n"])}
    new = merge("nouveau", [message("Oui")], catalogue(), FON, elsewhere)
    assert (new.entries[0].forms, new.entries[0].fuzzy) == (["Ɛ̀ɛ̀n"], False)


def test_merging_again_changes_nothing() -> None:
    """Whatever the catalogue went through before."""
    old = catalogue(
        Entry("Quel acte voulez-vous ?", forms=["Wema tɛ ?"]),
        Entry("Rappelez demain.", forms=["Xo sɔ."], comments=["vu"]),
        Entry("{n} jour", "{n} jours", forms=["azǎn {n}", "azǎn {n} lɛ"], flags=["fuzzy"]),
    )
    messages = [message("Quel acte demandez-vous ?"), message("{n} jour", "{n} jours")]
    once = write(merge("a", messages, old, FON))
    assert write(merge("a", messages, read(once, "a.po"), FON)) == once


def test_the_template_is_empty_and_of_no_language() -> None:
    """It says what there is to translate, and nothing else."""
    text = write(fresh("a", [message("Oui", limit=24), message("{numero}{acte}")]))
    assert "Language" not in text
    assert text.endswith(
        '#. max-length:24\n#: menus/a.yaml:1\n#, max-length:24\nmsgid "Oui"\nmsgstr ""\n'
    )


def test_a_translation_of_another_text_is_never_served(tmp_path: Path) -> None:
    """Not even as a draft: it says something else than the text it stands for."""
    old = catalogue(
        Entry("Quel acte voulez-vous ?", forms=["Wema tɛ ?"]),
        Entry("Oui", forms=["Ɛ̀ɛ̀n"], flags=["fuzzy"]),
    )
    new = merge("a", [message("Quel acte demandez-vous ?"), message("Oui")], old, FON)
    path = tmp_path / "fon/LC_MESSAGES/a.po"
    path.parent.mkdir(parents=True)
    path.write_text(write(new), encoding="utf-8")
    catalogues = Catalogues([tmp_path], drafts=True, draft_languages=["fon"])
    assert catalogues.errors == ()
    assert catalogues.find(["fon"], "a", "Oui") is not None
    assert catalogues.find(["fon"], "a", "Quel acte demandez-vous ?") is None
