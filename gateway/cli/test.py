"""`gateway test`: the agencies' scenarios, played in every language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import click

from gateway.cli._menus import beside, drafts_allowed, folder_argument, locales_option
from gateway.cli.check import as_json, as_text
from gateway.menu import load
from gateway.menu.findings import Finding, Findings, Severity
from gateway.menu.program import Program
from gateway.scenarios.files import read_text, replace_text
from gateway.scenarios.play import Failure, Played, play
from gateway.scenarios.reading import read
from gateway.scenarios.scenario import Scenario
from gateway.scenarios.writing import rewrite

Results = Sequence[tuple[Scenario, list[Played]]]


@click.command("test")
@folder_argument
@locales_option
@click.option("-k", "only", default="", help="Only scenarios whose file or name holds this text.")
@click.option("--update", is_flag=True, help="Write down what was played, where it differs.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for other programs.",
)
def command(folder: Path, locales: Path | None, only: str, update: bool, form: str) -> None:
    """Play the scenarios beside the menus in FOLDER (GATEWAY_MENUS, else « menus »).

    Exit status: 0 all hold, 1 something differs or nothing was played.
    """
    loaded = load(folder, [beside(folder, locales)], drafts=drafts_allowed(default=True))
    if loaded.program is None:
        raise _refused(loaded.findings, form)
    results = _play(loaded.program, folder, only, form)
    if update and _update(loaded.program, results):
        results = _play(loaded.program, folder, only, form)
    click.echo(_json((), results) if form == "json" else _text(results))
    if not results:
        click.echo(_nothing(folder, only), err=True)
    if not results or any(played.failures for _, of_one in results for played in of_one):
        raise SystemExit(1)


def _play(program: Program, folder: Path, only: str, form: str) -> Results:
    scenarios, findings = read(program, folder)
    if findings:
        raise _refused(findings, form)
    chosen = (one for one in scenarios if only.casefold() in _known_as(one))
    return [(scenario, play(program, scenario)) for scenario in chosen]


def _known_as(scenario: Scenario) -> str:
    return f"{scenario.place.file} {scenario.name}".casefold()


def _refused(findings: Sequence[Finding], form: str) -> SystemExit:
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    click.echo(_json(errors, ()) if form == "json" else as_text(errors), nl=form == "json")
    return SystemExit(1)


def _nothing(folder: Path, only: str) -> str:
    if only:
        return f"no scenario's file or name holds « {only} »"
    return f"no scenarios in {folder}: write them beside a service, in <service>.test.yaml"


def _update(program: Program, results: Results) -> bool:
    """Whether any file was written."""
    written = False
    for file, of_file in groupby(results, key=lambda result: result[0].place.file):
        text = read_text(Path(file), Findings())
        if text is None:
            continue
        new = rewrite(program, text, [of_one[0] for _, of_one in of_file])
        if new.text is not None:
            try:
                replace_text(Path(file), new.text)
            except OSError as error:
                raise click.ClickException(f"{file} can't be written: {error.strerror}") from error
            written = True
            click.echo(f"{file}: written; read it before you keep it", err=True)
        elif new.reason:
            click.echo(f"{file}: not written: {new.reason}", err=True)
    return written


# ---- what is printed ---------------------------------------------------------------------


def _text(results: Results) -> str:
    lines: list[str] = []
    for file, of_file in groupby(results, key=lambda result: result[0].place.file):
        lines.append(file)
        for scenario, of_one in of_file:
            failures = [failure for played in of_one for failure in played.failures]
            languages = " ".join(played.language for played in of_one)
            lines.append(f"  {'✗' if failures else '✓'} {scenario.name} ({languages})")
            for failure in failures:
                lines += _failure(failure)
    failed = sum(any(played.failures for played in of_one) for _, of_one in results)
    lines.append(f"{len(results) - failed} passed, {failed} failed")
    return "\n".join(lines)


def _failure(failure: Failure) -> Iterator[str]:
    yield f"    {failure.place}: {failure.language}: {failure.message}"
    yield from (f"      │ {line}" for line in failure.page.splitlines())


def _json(findings: Sequence[Finding], results: Results) -> str:
    """What kept the scenarios from being played, as `gateway check` has it; else how they went."""
    played = [_as_json(scenario, one) for scenario, of_one in results for one in of_one]
    told = {"findings": json.loads(as_json(findings)), "scenarios": played}
    return json.dumps(told, ensure_ascii=False, indent=2)


def _as_json(scenario: Scenario, played: Played) -> Mapping[str, object]:
    return {
        "file": scenario.place.file,
        "line": scenario.place.line,
        "name": scenario.name,
        "language": played.language,
        "failures": [
            {
                "line": failure.place.line,
                "column": failure.place.column,
                "message": failure.message,
                "page": failure.page,
            }
            for failure in played.failures
        ],
    }
