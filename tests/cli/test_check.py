"""`gateway check`: its layout, its formats, its exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.check import as_text, command, summary
from gateway.menu.findings import Finding, Severity
from gateway.menu.program import Place

SITE = """source: fr
agencies:
  anip: { name: ANIP }
codes:
  "*229#": etat-civil
"""
GOOD = """title: Actes
agency: anip
flow:
  start:
    - menu: Actes d'état civil
      choices:
        - Demander un acte: demande
        - Suivre mes demandes: suivi
  demande:
    - end: Merci.
  suivi:
    - end: Bientôt.
"""
WRONG = GOOD.replace("- Suivre mes demandes: suivi", "- Suivre mes demandes: suivie")
WARNED = GOOD.replace("Bientôt.", "Bientôt…")


@pytest.fixture
def menus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of menus, in the working directory, as on an author's machine."""
    for name in ("GATEWAY_MENUS", "GATEWAY_LOCALES", "GATEWAY_DRAFTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "menus").mkdir()
    (tmp_path / "menus/site.yaml").write_text(SITE, encoding="utf-8")
    return tmp_path / "menus"


def check(menus: Path, text: str, *arguments: str, **environ: str) -> Result:
    (menus / "etat-civil.yaml").write_text(text, encoding="utf-8")
    return CliRunner(env=environ).invoke(command, arguments)


def test_clean_menus_say_nothing(menus: Path) -> None:
    """Nothing on the output, one line for people on the error stream, status 0."""
    result = check(menus, GOOD)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "menus: no errors, no warnings\n"


def test_an_error_is_shown_with_its_line_and_a_caret(menus: Path) -> None:
    """The layout that editors and people read: place, source line, caret and hint."""
    result = check(menus, WRONG)
    assert result.stdout == (
        "menus/etat-civil.yaml:8:32: error unknown-target: "
        "there is no part or service « suivie »\n"
        "        - Suivre mes demandes: suivie\n"
        "                               ^ did you mean « suivi »?\n"
    )
    assert result.exit_code == 1


def test_warnings_count_only_with_strict(menus: Path) -> None:
    """Status 0 with warnings, 1 with `--strict`."""
    result = check(menus, WARNED)
    assert "etat-civil.yaml:12:19: warning heavy-punctuation: " in result.stdout
    assert (result.exit_code, check(menus, WARNED, "--strict").exit_code) == (0, 1)


def test_warnings_are_told_beside_errors_of_other_files(menus: Path) -> None:
    """Everything at once, in order of place."""
    (menus / "autre.yaml").write_text(WRONG, encoding="utf-8")
    lines = [
        line.split(" ")[1:3]
        for line in check(menus, WARNED).stdout.splitlines()
        if line.startswith("menus/")
    ]
    assert lines == [["error", "unknown-target:"], ["warning", "heavy-punctuation:"]]


def test_json_for_other_programs(menus: Path) -> None:
    """A list of findings with stable keys; an empty one if there are none."""
    found = json.loads(check(menus, WRONG, "--format", "json").stdout)
    assert found == [
        {
            "file": "menus/etat-civil.yaml",
            "line": 8,
            "column": 32,
            "severity": "error",
            "code": "unknown-target",
            "message": "there is no part or service « suivie »",
            "hint": "did you mean « suivi »?",
        }
    ]
    assert json.loads(check(menus, GOOD, "--format", "json").stdout) == []


def test_the_folder_comes_from_the_argument_or_the_environment(menus: Path) -> None:
    """`gateway check FOLDER`, GATEWAY_MENUS, else « menus »."""
    elsewhere = menus.rename(menus.parent / "ailleurs")
    assert check(elsewhere, GOOD).exit_code == 1
    assert check(elsewhere, GOOD, "ailleurs").exit_code == 0
    assert check(elsewhere, GOOD, GATEWAY_MENUS="ailleurs").exit_code == 0


def test_a_missing_folder_is_an_error(menus: Path) -> None:
    """It is said where it was looked for."""
    result = check(menus, GOOD, "nulle-part")
    assert result.exit_code == 1
    assert "nulle-part:1:1: error file-missing: " in result.stdout


def test_translations_come_from_the_environment_or_beside_the_menus(menus: Path) -> None:
    """A catalogue that can't be read is named; one elsewhere needs GATEWAY_LOCALES."""
    site = SITE + "languages: { fr: Français, en: English }\n"
    (menus / "site.yaml").write_text(site, encoding="utf-8")
    for folder in ("locales", "traductions"):
        path = menus.parent / folder / "en/LC_MESSAGES/etat-civil.po"
        path.parent.mkdir(parents=True)
        path.write_text("nonsense", encoding="utf-8")
    assert (
        "locales/en/LC_MESSAGES/etat-civil.po:1:1: error bad-catalogue" in check(menus, GOOD).stdout
    )
    elsewhere = check(menus, GOOD, GATEWAY_LOCALES="traductions").stdout
    assert elsewhere.startswith("traductions/en/LC_MESSAGES/etat-civil.po:1:1: error bad-catalogue")


def test_drafts_are_checked_unless_ruled_out(menus: Path) -> None:
    """One line for each draft language, which `--strict` does not count."""
    site = SITE + "languages: { fr: Français, fon: { name: Fɔngbè, state: draft } }\n"
    (menus / "site.yaml").write_text(site, encoding="utf-8")
    result = check(menus, GOOD, "--strict")
    assert result.exit_code == 0
    assert "note draft-language: fon: 0 of " in result.stdout
    assert check(menus, GOOD, GATEWAY_DRAFTS="0").stdout == ""


def finding(file: Path, line: int, column: int, hint: str = "so") -> Finding:
    return Finding(Place(str(file), line, column), Severity.ERROR, "code", "message", hint)


def test_the_caret_stands_under_tabs_and_in_long_lines(tmp_path: Path) -> None:
    """Tabs stay tabs; of a line as long as a paragraph the part around the place is shown."""
    path = tmp_path / "a.yaml"
    path.write_text("\tx: y\n" + "a" * 300 + "b" + "c" * 300 + "\n", encoding="utf-8")
    assert as_text([finding(path, 1, 2)]).split("\n")[1:3] == ["\tx: y", "\t^ so"]
    _, shown, caret, _ = as_text([finding(path, 2, 301)]).split("\n")
    assert (len(shown), shown[caret.index("^")]) == (160, "b")


def test_a_place_that_is_in_no_file(tmp_path: Path) -> None:
    """The hint is told without a line; a place past the end of a file likewise."""
    path = tmp_path / "a.yaml"
    missing = as_text([finding(path, 1, 1)])
    assert missing == f"{path}:1:1: error code: message\n  so\n"
    path.write_text("", encoding="utf-8")
    assert as_text([finding(path, 7, 1, hint="")]) == f"{path}:7:1: error code: message\n"


def test_the_summary_counts() -> None:
    """In the singular and the plural."""
    one = finding(Path("a"), 1, 1)
    assert summary(Path("menus"), [one, one]) == "menus: 2 errors, no warnings"
    assert summary(Path("menus"), [one]) == "menus: 1 error, no warnings"


def test_a_fault_in_a_scenario_is_reported_with_the_menus(tmp_path: Path) -> None:
    """An agency that checks its folder checks its acceptance tests too."""
    shutil.copytree(Path(__file__).parents[1] / "menu" / "data" / "example", tmp_path / "menus")
    scenario = tmp_path / "menus" / "etat-civil.test.yaml"
    scenario.write_text("- test: Un essai\n  play:\n    - entre: 1\n", encoding="utf-8")
    result = CliRunner().invoke(command, [str(tmp_path / "menus")])
    assert result.exit_code == 1
    assert f"{scenario}:3:7: error unknown-key: " in result.stdout
    assert "did you mean « enter »?" in result.stdout


MESSAGES = """messages:
  pret:
    data: { numero: 12 }
    text: Acte {numero} prêt.
"""


def test_what_messages_take_is_shown_after_the_findings(menus: Path) -> None:
    """A line for each message and language; costs only where the site says a price."""
    shown = check(menus, GOOD + MESSAGES, "--messages").stdout.splitlines()
    assert shown[-2:] == [
        "message          language  alphabet  typical  worst  segments",
        "etat-civil/pret  fr        gsm7           24     30         1",
    ]
    with_price = SITE + "sms: { stop: [STOP], price: 12 F }\n"
    (menus / "site.yaml").write_text(with_price, encoding="utf-8")
    assert check(menus, GOOD + MESSAGES, "--messages").stdout == (
        "message          language  alphabet  typical  worst  segments  mostly costs  at most\n"
        "etat-civil/pret  fr        gsm7           24     30         1          12 F     12 F\n"
    )
    assert check(menus, GOOD, "--messages").stdout == ""


def test_what_messages_take_in_json(menus: Path) -> None:
    """Both lists under their names; without the option the output is the list of findings."""
    site = (
        SITE + "languages: { fr: Français, fon: { sms: ucs2 } }\nsms: { stop: [S], price: 7.5 }\n"
    )
    (menus / "site.yaml").write_text(site, encoding="utf-8")
    found = json.loads(check(menus, GOOD + MESSAGES, "--messages", "--format", "json").stdout)
    assert set(found) == {"findings", "messages"}
    assert found["messages"][1] == {
        "message": "etat-civil/pret",
        "language": "fon",
        "served": "fr",
        "encoding": "ucs2",
        "typical_units": 24,
        "typical_segments": 1,
        "typical_cost": 7.5,
        "units": 30,
        "segments": 1,
        "cost": 7.5,
    }


def test_messages_of_what_cannot_be_compiled_are_left_out(menus: Path) -> None:
    """They would be measured with less than they will have."""
    assert "alphabet" not in check(menus, WRONG + MESSAGES, "--messages").stdout
    (menus / "site.yaml").write_text("bonjour", encoding="utf-8")
    assert "alphabet" not in check(menus, GOOD + MESSAGES, "--messages").stdout
