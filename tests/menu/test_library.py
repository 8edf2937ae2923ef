"""A library takes menus up anew, all or nothing, and keeps the last good ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import MenuError, SettingsError
from gateway.menu import Library
from gateway.menu.program import Program
from tests.menu.folder import lay, service


def library(tmp_path: Path) -> tuple[Library, Path]:
    menus, locales = lay(tmp_path, {})
    return Library(menus, [locales], drafts=True), menus


def edit(menus: Path, words: str) -> None:
    (menus / "essai.yaml").write_text(service(f"- end: {words}"), encoding="utf-8")


def test_nothing_is_loaded_before_it_is_asked_for(tmp_path: Path) -> None:
    """And an empty library says so."""
    found, _ = library(tmp_path)
    with pytest.raises(MenuError):
        _ = found.current


def test_unchanged_files_are_not_compiled_again(tmp_path: Path) -> None:
    """The content decides, not the time of the file."""
    found, menus = library(tmp_path)
    first = found.reload()
    (menus / "autre.yaml").touch()
    assert found.reload() is first
    assert found.current is first.program


def test_a_wrong_edit_leaves_the_last_good_menus(tmp_path: Path) -> None:
    """Its findings are told each time, its files compiled once."""
    found, menus = library(tmp_path)
    good = found.reload().program
    edit(menus, "Choisissez : un")
    bad = found.reload()
    assert bad.program is None
    assert [finding.code for finding in bad.findings] == ["yaml-colon"]
    assert found.current is good
    assert found.reload() is bad


def test_a_translation_is_an_edit_too(tmp_path: Path) -> None:
    """Catalogues are part of a program's content."""
    found, _ = library(tmp_path)
    first = found.reload()
    lay(tmp_path, {}, {"en/LC_MESSAGES/autre.po": 'msgid "Un"\nmsgstr "One"\n'})
    assert found.reload().hash != first.hash


def test_the_last_three_are_kept(tmp_path: Path) -> None:
    """Conversations go on with the version that they started on while it is at hand."""
    found, menus = library(tmp_path)
    hashes = []
    for words in ("Un", "Deux", "Trois", "Quatre"):
        edit(menus, words)
        hashes.append(found.reload().hash)
    assert found.get(hashes[0]) is None
    assert [found.get(hash) is not None for hash in hashes[1:]] == [True, True, True]
    assert found.current.hash == hashes[3]


def test_going_back_to_an_earlier_version_is_no_work(tmp_path: Path) -> None:
    """An undone edit finds its program again, and makes it the newest."""
    found, menus = library(tmp_path)
    edit(menus, "Un")
    first = found.reload().program
    edit(menus, "Deux")
    found.reload()
    edit(menus, "Un")
    assert found.reload().program is first
    assert found.current is first


def test_what_the_process_cannot_serve_is_not_taken_up(tmp_path: Path) -> None:
    """A program may be sound and yet not fit this process: a variable is missing, say."""
    found, menus = library(tmp_path)
    good = found.reload().program

    def refuse(program: Program) -> None:
        raise SettingsError(program.hash)

    edit(menus, "Un")
    with pytest.raises(SettingsError):
        found.reload(refuse)
    assert found.current is good
    assert found.reload().program is found.current is not good
