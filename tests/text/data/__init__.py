"""Facts that the tests of this room hold the code to, each file with its source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def facts(name: str) -> Any:
    """The content of `<name>.json` in this folder."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))


def text(runs: Sequence[str | tuple[str, int]]) -> str:
    """A text written as runs: a string, or a string and how often it stands there."""
    return "".join(run if isinstance(run, str) else run[0] * run[1] for run in runs)
