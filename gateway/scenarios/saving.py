"""`:save`: a recording put beside its service, once it is sure to be read and played again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.menu.findings import Findings
from gateway.menu.program import Program
from gateway.scenarios.files import read_text, replace_text
from gateway.scenarios.play import Played, play
from gateway.scenarios.reading import ENDING, read_file
from gateway.scenarios.recording import Recording

_DISGUISES = 60  # made-up secrets that are tried; one with a check digit fits every tenth time


@dataclass(frozen=True, slots=True)
class Saved:
    """`path` is None where nothing was written; `remarks` then say why."""

    path: Path | None
    remarks: tuple[str, ...] = ()


def save(program: Program, folder: Path, recording: Recording, name: str) -> Saved:
    """Append the recording to its service's scenarios, under `name`.

    Nothing is written that could not be read again, or would not hold in its own language.
    """
    path = folder / f"{recording.service}{ENDING}"
    findings = Findings()
    before = read_text(path, findings) if path.exists() else ""
    if before is None:
        return _refused(findings)
    before = before.rstrip()
    if before:
        known = read_file(program, path.as_posix(), recording.service, before, findings)
        if len(findings):
            return _refused(findings)
        if any(scenario.name == name for scenario in known):
            return Saved(None, (f"{path} has a scenario of that name already",))
    result: Saved | None = None
    for salt in range(_DISGUISES):
        text = f"{before}\n\n" if before else ""
        text += recording.write(name, salt)
        scenarios = read_file(program, path.as_posix(), recording.service, text, findings)
        if len(findings):
            return _refused(findings)
        played = play(program, scenarios[-1])
        if not played[0].failures:
            try:
                replace_text(path, text)
            except OSError as error:
                return Saved(None, (f"{path} can't be written: {error.strerror}",))
            return Saved(path, _remarks(played[1:]))
        result = result or Saved(None, ("it would not hold:", *_remarks(played)))
    return result or Saved(None)


def _refused(findings: Findings) -> Saved:
    return Saved(
        None,
        tuple(f"{finding.place}: {finding.message}" for finding in findings.in_order()),
    )


def _remarks(results: list[Played]) -> tuple[str, ...]:
    return tuple(
        f"{failure.language}: {failure.message}"
        for played in results
        for failure in played.failures
    )
