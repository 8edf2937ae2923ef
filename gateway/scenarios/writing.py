"""`gateway test --update`: what was played, written down in the scenario's own file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.menu.findings import Findings
from gateway.menu.program import Program
from gateway.scenarios.notation import entry
from gateway.scenarios.play import Page, Played
from gateway.scenarios.reading import read_file
from gateway.scenarios.scenario import Deed, Scenario, Shows
from gateway.scenarios.secrecy import Hidden


@dataclass(frozen=True, slots=True, order=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The file's new text, or None and the `reason` why it stays as it is."""

    text: str | None
    reason: str = ""


def rewrite(program: Program, text: str, results: Sequence[Played]) -> Rewritten:
    """`text`, a file of scenarios, with what `results` have shown.

    A scenario that compares something gets the page in the place of each `shows` or `ends` that
    did not hold, one that compares nothing yet gets every page. All else stays as it was written.
    """
    edits: list[_Edit] = []
    for played in results:
        compares = any(isinstance(move, Shows) for move in played.scenario.moves)
        if not compares and played.scenario.span.flow:
            reason = "its moves stand in brackets; put each on a line of its own, after a dash"
            return Rewritten(None, f"« {played.scenario.name} »: {reason}")
        edits += _corrected(text, played) if compares else _added(text, played)
    new = text
    for edit in sorted(edits, reverse=True):
        new = new[: edit.start] + edit.text + new[edit.end :]
    if new == text:
        return Rewritten(None)
    if not results or not _reads_again(program, new, [played.scenario for played in results]):
        return Rewritten(None, "what would be written could not be read again")
    return Rewritten(new)


def _reads_again(program: Program, text: str, scenarios: Sequence[Scenario]) -> bool:
    """Whether they still stand there, with the same moves but for what is shown."""
    findings = Findings()
    first = scenarios[0]
    again = read_file(program, first.place.file, first.service, text, findings)
    if len(findings):
        return False
    known = [(scenario.name, _acts(scenario)) for scenario in again]
    return all((scenario.name, _acts(scenario)) in known for scenario in scenarios)


def _acts(scenario: Scenario) -> list[object]:
    return [
        (type(move), *(getattr(move, said, None) for said in ("text", "code", "seconds")))
        for move in scenario.moves
        if not isinstance(move, Shows)
    ]


def _corrected(text: str, played: Played) -> Iterator[_Edit]:
    hidden = Hidden(played.scenario.hidden)
    failed = {failure.place for failure in played.failures}
    for move, page in played.compared.items():
        if move.place in failed:
            key = "ends" if move.ends and page.ends else "shows"
            start, end, flow = move.span
            end = start + len(text[start:end].rstrip())  # a block ends where the next line begins
            column = start - _line_start(text, start)
            followed = bool(text[end:].partition("\n")[0].strip())  # a comment would join a block
            new = entry(key, hidden.mask(page.text), column, flow=flow or followed)
            yield _Edit(start, end, new)


def _added(text: str, played: Played) -> Iterator[_Edit]:
    """Behind each move what it showed; in front of the first one what dialling did."""
    start = played.scenario.span.start
    column = start - _line_start(text, start)
    margin = " " * column
    hidden = Hidden(played.scenario.hidden)
    for page in played.pages:
        line = _line(page, hidden, column + 2)
        if page.move is None:
            yield _Edit(start, start, f"{line}\n{margin}")
        else:
            end = _line_end(text, page.move)
            yield _Edit(end, end, f"\n{margin}{line}")


def _line(page: Page, hidden: Hidden, column: int) -> str:
    return f"- {entry('ends' if page.ends else 'shows', hidden.mask(page.text), column)}"


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, move: Deed) -> int:
    """The end of the move's last line, behind a comment that stands there."""
    end = move.span.start + len(text[move.span.start : move.span.end].rstrip())
    found = text.find("\n", end)
    found = len(text) if found < 0 else found
    return found - 1 if text[found - 1 : found] == "\r" else found
