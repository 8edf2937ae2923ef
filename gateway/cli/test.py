"""`gateway test`: the agencies' scenarios, played in every language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click

from gateway.cli._menus import beside, drafts_allowed, folder_argument, locales_option
from gateway.cli.check import as_json, as_text
from gateway.menu import load
from gateway.menu.findings import Finding, Severity
from gateway.scenarios.play import Failure, Played, play
from gateway.scenarios.reading import read
from gateway.scenarios.scenario import Scenario
from gateway.scenarios.writing import updated


@click.command("test")
@folder_argument
@locales_option
@click.option("-k", "only", default="", help="Only scenarios whose file or name holds this text.")
@click.option("--update", is_flag=True, help="Write down what was played, where it differs.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(folder: Path, locales: Path | None, only: str, update: bool, form: str) -> None:
    """Play the scenarios beside the menus in FOLDER (GATEWAY_MENUS, else « menus »).

    Exit status: 0 all hold, 1 something differs or nothing was played.
    """
    loaded = load(folder, [beside(folder, locales)], drafts=drafts_allowed(default=True))
    if loaded.program is None:
        raise _findings(loaded.findings, form)
    scenarios, findings = read(loaded.program, folder)
    if findings:
        raise _findings(findings, form)
    chosen = [one for one in scenarios if only in f"{one.place.file} {one.name}"]
    results = [(scenario, play(loaded.program, scenario)) for scenario in chosen]
    if update:
        _update([played for _, of_one in results for played in of_one[:1]])
    click.echo(_json(results) if form == "json" else _text(results))
    if not chosen or any(played.failures for _, of_one in results for played in of_one):
        raise SystemExit(1)


def _findings(findings: Sequence[Finding], form: str) -> SystemExit:
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    click.echo(as_json(errors) if form == "json" else as_text(errors), nl=form == "json")
    return SystemExit(1)


def _update(results: Sequence[Played]) -> None:
    for file, of_file in groupby(results, key=lambda played: played.scenario.place.file):
        path = Path(file)
        before = path.read_text(encoding="utf-8")
        after = updated(before, of_file)
        if after != before:
            path.write_text(after, encoding="utf-8")
            click.echo(f"{file}: written; read it again before you keep it", err=True)


def _text(results: Sequence[tuple[Scenario, list[Played]]]) -> str:
    lines: list[str] = []
    for file, of_file in groupby(results, key=lambda result: result[0].place.file):
        lines.append(file)
        for scenario, of_one in of_file:
            failed = [failure for played in of_one for failure in played.failures]
            languages = " ".join(played.language for played in of_one)
            lines.append(f"  {'✗' if failed else '✓'} {scenario.name} ({languages})")
            for failure in failed:
                lines += _failure(failure)
    failed_count = sum(any(played.failures for played in of_one) for _, of_one in results)
    lines.append(f"{len(results) - failed_count} passed, {failed_count} failed")
    return "\n".join(lines)


def _failure(failure: Failure) -> list[str]:
    lines = [f"    {failure.place}: {failure.language}: {failure.message}"]
    return lines + [f"      │ {line}" for line in failure.page.splitlines()]


def _json(results: Sequence[tuple[Scenario, list[Played]]]) -> str:
    played = [
        {
            "file": scenario.place.file,
            "line": scenario.place.line,
            "name": scenario.name,
            "language": one.language,
            "failures": [
                {
                    "line": failure.place.line,
                    "column": failure.place.column,
                    "message": failure.message,
                    "page": failure.page,
                }
                for failure in one.failures
            ],
        }
        for scenario, of_one in results
        for one in of_one
    ]
    return json.dumps(played, ensure_ascii=False, indent=2)
