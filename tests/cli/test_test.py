"""`gateway test`: what it prints, writes and exits with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.test import command
from tests.scenarios.town import REQUEST, lay, moves

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner(env=environ).invoke(command, [str(one) for one in arguments])


@pytest.fixture
def menus(tmp_path: Path) -> Path:
    folder = lay(tmp_path)
    (folder / "acte.test.yaml").write_text(REQUEST, encoding="utf-8")
    return folder


def test_the_shipped_scenarios_hold() -> None:
    """Played by the real command, drafts included."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "test", "menus"],
        cwd=ROOT,
        env={**os.environ, "GATEWAY_DRAFTS": "1", "GATEWAY_LOCALES": "locales"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" passed, 0 failed\n")
    assert "✓ Demander deux copies d'un acte de naissance (fr en fon yo_BJ bba ddn)" in done.stdout


def test_what_holds_is_listed_with_its_languages(menus: Path) -> None:
    result = run(menus, GATEWAY_DRAFTS="0")
    assert result.exit_code == 0
    file = menus / "acte.test.yaml"
    assert result.stdout == f"{file}\n  ✓ Demander un acte (fr en)\n1 passed, 0 failed\n"


def test_drafts_are_played_unless_they_are_ruled_out(menus: Path) -> None:
    assert "(fr en fon)" in run(menus).stdout
    assert "(fr en fon)" in run(menus, GATEWAY_DRAFTS="true").stdout
    assert "(fr en)" in run(menus, GATEWAY_DRAFTS="0").stdout
    wrong = run(menus, GATEWAY_DRAFTS="perhaps")
    assert wrong.exit_code == 1
    assert wrong.stderr == "Error: GATEWAY_DRAFTS: 1 to offer draft languages, 0 not to\n"


def test_what_fails_is_told_with_its_place_and_page(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    file.write_text(REQUEST.replace("Payer 500 F", "Payer 600 F"), encoding="utf-8")
    result = run(menus)
    assert result.exit_code == 1
    assert f"    {file}:9:7: fr: the page does not show « Payer 600 F »\n" in result.stdout
    assert "      │ Payer 500 F ?\n      │ 1. Oui\n" in result.stdout
    assert result.stdout.endswith("0 passed, 1 failed\n")


def test_one_can_be_chosen_by_its_name_or_file(menus: Path) -> None:
    (menus / "guichet.test.yaml").write_text(moves("shows: Que voulez-vous"), encoding="utf-8")
    assert "1 passed" in run(menus, "-k", "DEMANDER").stdout
    assert "1 passed" in run(menus, "-k", "guichet.test").stdout
    none = run(menus, "-k", "rien")
    assert none.exit_code == 1
    assert none.stderr == "no scenario's file or name holds « rien »\n"


def test_nothing_to_play_is_no_success(tmp_path: Path) -> None:
    result = run(lay(tmp_path))
    assert result.exit_code == 1
    assert "write them beside a service" in result.stderr


def test_faults_of_scenario_files_are_told_as_those_of_menus(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    file.write_text("- test: a\n  play:\n    - entre: 1\n    - wait: x\n", encoding="utf-8")
    result = run(menus)
    assert result.exit_code == 1
    assert result.stdout == (
        f"{file}:3:7: error unknown-key: a move has no « entre »\n"
        "    - entre: 1\n"
        "      ^ did you mean « enter »?\n"
        f"{file}:4:13: error bad-duration: « x » is not a duration\n"
        "    - wait: x\n"
        "            ^ a number and s, m, h or d: 3m\n"
    )


def test_menus_with_errors_are_not_played(menus: Path) -> None:
    (menus / "acte.yaml").write_text("title: Actes\n", encoding="utf-8")
    result = run(menus)
    assert result.exit_code == 1
    assert "error missing-key" in result.stdout
    assert "passed" not in result.stdout


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "there is no such folder" in result.stdout


def test_other_programs_get_json(menus: Path) -> None:
    told = json.loads(run(menus, "--format", "json", GATEWAY_DRAFTS="0").stdout)
    assert told["findings"] == []
    assert [(one["name"], one["language"], one["failures"]) for one in told["scenarios"]] == [
        ("Demander un acte", "fr", []),
        ("Demander un acte", "en", []),
    ]
    file = menus / "acte.test.yaml"
    file.write_text(REQUEST.replace("Payer 500 F", "Payer 600 F"), encoding="utf-8")
    [failed] = json.loads(run(menus, "--format", "json").stdout)["scenarios"]
    assert failed["file"] == str(file)
    assert [(one["line"], one["column"]) for one in failed["failures"]] == [(9, 7)]
    file.write_text("- x", encoding="utf-8")
    told = json.loads(run(menus, "--format", "json").stdout)
    assert [one["code"] for one in told["findings"]] == ["bad-value"]
    assert told["scenarios"] == []


# ---- --update ------------------------------------------------------------------------------


def test_update_writes_down_what_differs_and_then_it_holds(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    file.write_text(REQUEST.replace("Payer 500 F", "Payer 600 F"), encoding="utf-8")
    result = run(menus, "--update")
    assert result.exit_code == 0
    assert result.stderr == f"{file}: written; read it before you keep it\n"
    assert "1 passed, 0 failed" in result.stdout
    assert "    - shows: |\n        Payer 500 F ?\n" in file.read_text(encoding="utf-8")
    again = run(menus, "--update")
    assert (again.exit_code, again.stderr) == (0, "")


def test_update_keeps_marks_line_breaks_and_rights_of_the_file(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    file.write_bytes(
        b"\xef\xbb\xbf- test: a\r\n  play:\r\n    - enter: 1\r\n"
        b"- test: b\r\n  play: [shows: Acte]\r\n"
    )
    file.chmod(0o640)
    assert run(menus, "--update").exit_code == 0
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf- test: a\r\n  play:\r\n    - shows: |\r\n        Quel")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert b'  play: [shows: "Quel acte ?' in content
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in menus.glob(".*")] == []


def test_update_does_not_write_what_no_text_can_mend(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    unused = REQUEST.replace("  play:", "    mairie.presence: ok\n  play:")
    file.write_text(unused, encoding="utf-8")
    result = run(menus, "--update")
    assert result.exit_code == 1
    assert "no step used this answer" in result.stdout
    assert file.read_text(encoding="utf-8") == unused


def test_update_says_why_it_does_not_write(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    file.write_text("- test: a\n  play: [enter: 1]\n", encoding="utf-8")
    result = run(menus, "--update")
    assert result.stderr.startswith(f"{file}: not written: « a »: its moves stand in brackets")
    assert file.read_text(encoding="utf-8") == "- test: a\n  play: [enter: 1]\n"


def test_update_leaves_those_alone_that_were_not_chosen(menus: Path) -> None:
    file = menus / "acte.test.yaml"
    both = "- test: un\n  play:\n    - shows: x\n- test: deux\n  play:\n    - shows: x\n"
    file.write_text(both, encoding="utf-8")
    assert run(menus, "--update", "-k", "deux").exit_code == 0
    written = file.read_text(encoding="utf-8")
    assert written.startswith(both[: both.index("- test: deux")])
    assert written.endswith("2. Mariage\n")
