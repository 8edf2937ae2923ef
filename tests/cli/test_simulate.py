"""`gateway simulate`: through a pipe, in a terminal, and while menus are edited."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from gateway.cli.simulate import _Editing, command
from gateway.cli.test import command as playing
from gateway.menu.library import Library
from gateway.scenarios.terminal import Terminal
from gateway.scenarios.view import View
from tests.scenarios.town import lay

REQUEST = "1\nAfi Dossou\n1\n4826\n5\n"


@pytest.fixture
def menus(tmp_path: Path) -> Path:
    return lay(tmp_path)


def run(menus: Path, *arguments: str, typed: str | bytes = "") -> Result:
    result = CliRunner().invoke(command, [*arguments, "--menus", str(menus)], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


# ---- through a pipe ------------------------------------------------------------------------


def test_a_session_reads_as_a_conversation(menus: Path) -> None:
    result = run(menus, "*229*1#", "--lang", "fr", typed=REQUEST)
    assert result.exit_code == 0
    assert "\n› Afi Dossou\n╭─ MTN " in result.stdout
    assert "\n› ••••\n" in result.stdout
    assert "4826" not in result.stdout
    assert "Merci de votre avis." in result.stdout


def test_without_a_code_the_first_one_is_dialled_and_the_language_asked(menus: Path) -> None:
    result = run(menus, typed="2")
    assert "Votre langue ?" in result.stdout
    assert "3. Fongbe" in result.stdout  # drafts are offered
    assert "What do you want?" in result.stdout


def test_a_service_without_code_is_opened_by_its_name(menus: Path) -> None:
    assert "Votre nom" in run(menus, "commun/nom", "--lang", "fr").stdout


def test_what_was_saved_passes_the_scenarios_run(menus: Path) -> None:
    cut = ":hangup\n:redial 2m\n1\n"
    failing = ":fail mairie.deposer invalid\n1\nAfi\n1\n4826\n"
    typed = f"{failing}{cut}:fail mairie.deposer ok\n4826\n5\n:save Un acte\n"
    result = run(menus, "*229*1#", "--lang", "fr", typed=typed)
    assert "saved to " in result.stdout
    again = run(menus, "guichet", typed="1\n2\n1\n:save Une demande\n:quit\n1\n")
    assert again.stdout.count("›") == 5
    text = (menus / "acte.test.yaml").read_text(encoding="utf-8")
    assert "4826" not in text
    played = CliRunner().invoke(playing, [str(menus)])
    assert played.exit_code == 0, played.stdout
    assert "2 passed, 0 failed" in played.stdout


@pytest.mark.parametrize(
    "typed",
    [
        b"",
        b"\x00",
        b"\xff\xfe\n\xc3",
        b"\x1b[31m\x07\r\n1",
        b"1\r\n:nope\n\n:",
        b"9" * 5000,
        b"\n" * 30,
    ],
)
def test_broken_input_ends_as_any_other(menus: Path, typed: bytes) -> None:
    result = run(menus, "*229*1#", "--lang", "fr", typed=typed)
    assert result.exit_code == 0
    assert "Quel acte ?" in result.stdout
    assert not re.search(r"[\x00\x07\x1b]", result.stdout)


def test_back_ends_fail_as_the_arguments_say(menus: Path) -> None:
    fail = ("--fail", "mairie.tarif=unavailable", "--fail", "mairie.deposer=invalid")
    result = run(menus, "*229*1#", "--lang", "fr", *fail, typed="1\nAfi\n")
    assert "Le service ne répond pas." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["*555#"], "nothing opens by « *555# »"),
        (["actes"], "did you mean « acte »?"),
        (["--phone", "12"], "not a phone number"),
        (["--operator", "Glo"], "one of MTN, Moov"),
        (["--lang", "xx"], "one of fr, en, fon"),
        (["--fail", "mairie.tarif"], "OPERATION=OUTCOME"),
        (["--fail", "mairie.tarif=broken"], "unavailable"),
        (["--fail", "mairie.tarifs=ok"], "did you mean « mairie.tarif »?"),
    ],
)
def test_a_wrong_argument_is_told(menus: Path, arguments: list[str], told: str) -> None:
    result = run(menus, *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_menus_with_errors_are_listed(menus: Path) -> None:
    (menus / "acte.yaml").write_text("title: Actes\n", encoding="utf-8")
    result = run(menus)
    assert result.exit_code == 1
    assert "acte.yaml:1:1: error missing-key" in result.stdout


def test_a_site_without_codes_needs_the_name_of_a_service(menus: Path) -> None:
    site = menus / "site.yaml"
    text = site.read_text(encoding="utf-8")
    site.write_text(re.sub(r'  "\*229.*\n', "", text).replace("codes:", "codes: {}"), "utf-8")
    service = menus / "acte.yaml"
    steps = service.read_text(encoding="utf-8").replace(
        "do: commun/nom", "ask: Nom\n      save: nom"
    )
    service.write_text(steps, encoding="utf-8")
    shutil.rmtree(menus / "commun")
    assert "name a service" in run(menus).stderr
    assert "Quel acte ?" in run(menus, "acte", "--lang", "fr").stdout


# ---- while menus are edited ----------------------------------------------------------------


def test_edits_are_taken_up_and_mistakes_leave_the_last_good_menus(
    menus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = Library(menus, [menus.parent / "locales"], drafts=True)
    loaded = library.reload()
    assert loaded.program is not None
    printed = io.StringIO()
    view = View(Console(file=printed, width=80))
    now = datetime(2026, 3, 16, 10, 30, tzinfo=ZoneInfo("Africa/Porto-Novo"))
    terminal = Terminal(loaded.program, view, menus, "*229*1#", "+2290197000001", None, "fr", now)
    editing = _Editing(library, terminal, view)
    terminal.dial()
    terminal.line("1")
    assert not editing.look()
    file = menus / "commun" / "nom.yaml"
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("Votre nom", "Votre nom entier"), encoding="utf-8")
    assert editing.look()
    assert "Votre nom entier" in printed.getvalue()
    file.write_text(good.replace("save: nom", "sauve: nom"), encoding="utf-8")
    assert editing.look()
    assert not editing.look(), "the same mistake is told once"
    assert "error unknown-key" in capsys.readouterr().out
    assert "the last good menus stay" in printed.getvalue()
    terminal.line("123")
    assert "Seulement des lettres." in printed.getvalue()
    file.write_text(good, encoding="utf-8")
    assert editing.look()
    assert terminal.program.hash == loaded.program.hash


# ---- in a terminal -------------------------------------------------------------------------


class Screen:
    """What a terminal of 80 columns got."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.bytes = b""
        self.seen = 0  # up to here it was waited for

    @property
    def text(self) -> str:
        return self.bytes.decode(errors="replace")

    def type(self, line: str) -> None:
        os.write(self.end, f"{line}\r".encode())

    def until(self, wanted: str) -> str:
        """Reads until `wanted` comes; what came up to it since the last one."""
        give_up = time.monotonic() + 20
        start = self.seen
        while wanted not in self.text[start:]:
            left = give_up - time.monotonic()
            ready = left > 0 and select.select([self.end], [], [], left)[0]
            assert ready, f"no {wanted!r} in {self.text[start:]!r}"
            self.bytes += os.read(self.end, 65536)
        self.seen = self.text.index(wanted, start) + len(wanted)
        return self.text[start : self.seen]


@contextmanager
def terminal(menus: Path, *arguments: str) -> Iterator[tuple[Screen, subprocess.Popen[bytes]]]:
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "40"}
    environ["GATEWAY_MENUS"] = str(menus)
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "simulate", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Screen(ours), process
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


def test_a_person_types_and_her_secret_is_not_echoed(menus: Path) -> None:
    with terminal(menus, "*229*1#", "--lang", "fr") as (screen, process):
        screen.until("Quel acte ?")
        for line, shown in (("1", "Votre nom"), ("Afi", "Payer"), ("1", "Votre code")):
            screen.type(line)
            screen.until(shown)
            screen.until("› ")
        screen.type("4826")
        screen.until("Etait-ce facile")
        screen.until("› ")
        screen.type(":quit")
        assert process.wait(20) == 0
        assert "4826" not in screen.text


def test_a_saved_menu_is_seen_at_once(menus: Path) -> None:
    with terminal(menus, "*229*1#", "--lang", "fr") as (screen, process):
        screen.until("Quel acte ?")
        screen.until("› ")
        file = menus / "acte.yaml"
        text = file.read_text(encoding="utf-8")
        give_up = time.monotonic() + 20
        shown = ""
        for rank in range(40):  # the watch may not be set up yet when the first edit is made
            file.write_text(text.replace("Quel acte ?", f"Quel papier {rank} ?"), encoding="utf-8")
            ready = select.select([screen.end], [], [], 1.5)[0]
            if ready or time.monotonic() > give_up:
                shown = screen.until("Quel papier")
                break
        assert "menus taken up; the same keys again" in shown
        os.write(screen.end, b"\x04")  # the end of what is typed
        assert process.wait(20) == 0
