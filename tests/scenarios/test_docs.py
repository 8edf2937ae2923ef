"""The examples of docs/try-and-test.md do what the page says."""

from __future__ import annotations

import re
import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import simulate
from gateway.cli import test as playing
from gateway.menu import load
from gateway.menu.findings import Findings
from gateway.menu.program import Program
from gateway.scenarios.play import play
from gateway.scenarios.reading import read_file
from gateway.scenarios.terminal import COMMANDS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "try-and-test.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@cache
def shipped() -> Program:
    loaded = load(ROOT / "menus", [ROOT / "locales"], drafts=False)
    assert loaded.program is not None
    return loaded.program


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_holds_in_every_language(text: str) -> None:
    findings = Findings()
    scenarios = read_file(shipped(), "etat-civil.test.yaml", "etat-civil", text, findings)
    assert findings.in_order() == ()
    results = [one for scenario in scenarios for one in play(shipped(), scenario)]
    assert [one.language for one in results] == ["fr", "en"] * len(scenarios)
    assert [failure for one in results for failure in one.failures] == []


def test_the_page_names_every_command_of_the_terminal() -> None:
    assert set(re.findall(r"`:([a-z]+)", PAGE)) == set(COMMANDS)


@pytest.mark.parametrize("line", re.findall(r"^\$ (gateway .*)$", PAGE, re.MULTILINE))
def test_a_command_line_is_understood(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("menus", "locales"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    _, name, *arguments = shlex.split(line, comments=True)
    command = {"test": playing.command, "simulate": simulate.command}[name]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)
