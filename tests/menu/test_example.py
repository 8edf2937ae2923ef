"""The example of `docs/menu-language.md`, as its author would hold it: clean, and played."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main

EXAMPLE = Path(__file__).parent / "data" / "example"


@pytest.mark.parametrize("drafts", ["0", "1"])
def test_the_example_checks_clean(drafts: str) -> None:
    result = CliRunner().invoke(
        main, ["check", str(EXAMPLE), "--strict"], env={"GATEWAY_DRAFTS": drafts}
    )
    assert result.exit_code == 0, result.output
    assert "no errors, no warnings" in result.output


@pytest.mark.parametrize("drafts", ["0", "1"])
def test_its_scenario_passes_in_every_language(drafts: str) -> None:
    result = CliRunner().invoke(main, ["test", str(EXAMPLE)], env={"GATEWAY_DRAFTS": drafts})
    assert result.exit_code == 0, result.output
    assert "1 passed, 0 failed" in result.output
