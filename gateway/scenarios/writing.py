"""Scenarios written down: `--update` into the file that was played, `:save` into a new one.

Files are edited where something has changed and stay as they are elsewhere, comments included.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.events import Json
from gateway.menu.program import Place
from gateway.scenarios.play import Page, Played
from gateway.scenarios.scenario import Enter, HangUp, Scenario, Shows

DOTS = "••••"


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    start: int
    end: int
    text: str


def updated(text: str, results: Iterable[Played]) -> str:
    """The file with each `shows` and `ends` that did not hold replaced by the page shown.

    A scenario that compares nothing yet gets every page.
    """
    edits: list[Edit] = []
    for played in results:
        if any(isinstance(move, Shows) for move in played.scenario.moves):
            edits += _corrected(played)
        else:
            edits += _added(played)
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _corrected(played: Played) -> Iterable[Edit]:
    failed = {failure.place for failure in played.failures}
    for move, page in played.compared.items():
        if move.place in failed:
            yield Edit(move.start, move.end, _quoted(page, played.scenario))


def _added(played: Played) -> Iterable[Edit]:
    scenario = played.scenario
    for page in played.pages:
        line = f"- {'ends' if page.ends else 'shows'}: {_quoted(page.text, scenario)}"
        if page.move is not None:
            margin = " " * (page.move.place.column - 3)
            yield Edit(page.move.end, page.move.end, f"\n{margin}{line}")
        elif scenario.begins is not None:
            margin = " " * (_first(scenario).column - 3)
            yield Edit(scenario.begins, scenario.begins, f"{line}\n{margin}")


def _first(scenario: Scenario) -> Place:
    return scenario.moves[0].place


def _quoted(page: str, scenario: Scenario) -> str:
    for secret in scenario.hidden:
        page = page.replace(secret, DOTS)
    return json.dumps(page, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A session as it was played in the terminal.

    `entered` holds what was typed before each page, a pin already replaced by a stand-in.
    """

    name: str
    dial: str
    phone: str
    operator: str | None  # its name
    language: str
    answers: Sequence[tuple[str, Json]]  # operation → a record, a list, or an outcome
    pages: Sequence[Page]
    sms: Sequence[str]
    callbacks: Sequence[str]
    hidden: Sequence[str]

    def write(self) -> str:
        """One item of a scenario file."""
        lines = [f"- test: {_scalar(self.name)}", f"  dial: {_scalar(self.dial)}"]
        lines += [f"  phone: {_scalar(self.phone)}"]
        lines += [f"  operator: {_scalar(self.operator)}"] if self.operator else []
        lines += [f"  language: {self.language}"]
        if self.answers:
            lines += ["  backends:"]
            lines += [f"    {operation}: {_flow(data)}" for operation, data in self.answers]
        lines += ["  play:"]
        for page in self.pages:
            if isinstance(page.move, Enter):
                lines.append(f"    - enter: {_scalar(page.move.text)}")
            elif isinstance(page.move, HangUp):
                lines.append(f"    - hang_up: {page.move.seconds} s")
            lines.append(f"    - {'ends' if page.ends else 'shows'}: {_scalar(page.text)}")
        lines += [f"  sms: {_flow(list(self.sms))}"] if self.sms else []
        lines += [f"  callback: {_flow(list(self.callbacks))}"] if self.callbacks else []
        lines += [f"  hidden: {_flow(list(self.hidden))}"] if self.hidden else []
        return "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _flow(data: Json) -> str:
    """YAML's flow style, which JSON is but for the words yes and no."""
    if isinstance(data, bool):
        return "yes" if data else "no"
    if isinstance(data, dict):
        return "{ " + ", ".join(f"{key}: {_flow(value)}" for key, value in data.items()) + " }"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(_flow(value) for value in data) + "]"
    return json.dumps(data, ensure_ascii=False)
