"""`gateway i18n extract` and `gateway i18n status`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.i18n import command

SITE = """source: fr
languages: { fr: Français, en: English, fon: { name: Fɔngbè, state: draft } }
agencies: { anip: { name: ANIP } }
codes: { "*229#": actes }
"""
SERVICE = """title: Actes
agency: anip
flow:
  start:
    - end: Bonjour.
"""


@pytest.fixture(autouse=True)
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with menus, which is the working directory."""
    for name in ("GATEWAY_MENUS", "GATEWAY_LOCALES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "menus").mkdir()
    (tmp_path / "menus/site.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "menus/actes.yaml").write_text(SERVICE, encoding="utf-8")
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(command, arguments)


def test_extract_names_the_files_it_has_written(deployment: Path) -> None:
    """And how many texts are new in each; a second time there is nothing to do."""
    result = run("extract")
    assert result.exit_code == 0
    assert "locales/en/LC_MESSAGES/actes.po (2 new)\n" in result.stdout
    assert (deployment / "locales/fon/LC_MESSAGES/actes.po").is_file()
    again = run("extract")
    assert (again.stdout, again.stderr) == ("", "no files changed\n")


def test_extract_goes_where_the_environment_says(deployment: Path) -> None:
    """GATEWAY_MENUS and GATEWAY_LOCALES."""
    (deployment / "menus").rename(deployment / "ailleurs")
    result = run("extract", GATEWAY_MENUS="ailleurs", GATEWAY_LOCALES="traductions")
    assert result.exit_code == 0
    text = (deployment / "traductions/en/LC_MESSAGES/actes.po").read_text(encoding="utf-8")
    assert "#: ailleurs/actes.yaml:5\n" in text


def test_extract_names_catalogues_of_no_service(deployment: Path) -> None:
    """They may hold work that somebody will miss."""
    path = deployment / "locales/en/LC_MESSAGES/anciens.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid "a"\nmsgstr "b"\n', encoding="utf-8")
    assert (
        "locales/en/LC_MESSAGES/anciens.po: belongs to no service any more\n"
        in run("extract").stderr
    )


def test_menus_with_errors_are_mended_first(deployment: Path) -> None:
    """The findings are told; no catalogue is written."""
    (deployment / "menus/actes.yaml").write_text(SERVICE.replace("end", "fin"), encoding="utf-8")
    result = run("extract")
    assert result.exit_code == 1
    assert "menus/actes.yaml:5:7: error unknown-verb: " in result.stdout
    assert not (deployment / "locales").exists()


def test_status_is_a_table(deployment: Path) -> None:
    """A line for each catalogue, and one for each language as a whole."""
    run("extract")
    lines = [line.split() for line in run("status").stdout.splitlines()]
    assert lines[0] == [
        "language",
        "domain",
        "translated",
        "fuzzy",
        "missing",
        "read",
        "by",
        "native",
        "speaker",
    ]
    assert ["en", "actes", "0", "0", "2", "0", "%"] in lines
    assert [line[:2] for line in lines if line[1:2] == ["all"]] == [["en", "all"], ["fon", "all"]]


def test_status_for_other_programs(deployment: Path) -> None:
    """The same as a list of objects."""
    run("extract")
    found = json.loads(run("status", "--format", "json").stdout)
    assert found[0] == {
        "language": "en",
        "domain": "actes",
        "translated": 0,
        "fuzzy": 0,
        "missing": 2,
        "read": 0,
    }
