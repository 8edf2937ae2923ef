"""`gateway check`: everything that is wrong with a folder of menus, at once and in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from gateway.cli._lengths import Row, rows, table
from gateway.cli._menus import beside, drafts_allowed, folder_argument, locales_option
from gateway.menu import Loaded, checks, load
from gateway.menu.findings import Finding, Severity
from gateway.menu.program import Place
from gateway.scenarios.reading import read

_WIDEST = 160  # characters of a source line; beyond that, what stands around the place


@click.command("check")
@folder_argument
@locales_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for other programs.",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--messages", is_flag=True, help="Show what each SMS takes in each language.")
def command(folder: Path, locales: Path | None, form: str, strict: bool, messages: bool) -> None:
    """Check the menus in FOLDER (GATEWAY_MENUS, else « menus »).

    Exit status: 0 clean, 1 something is wrong.
    """
    # Drafts are held to every rule, though nobody is offered them, unless they are ruled out.
    drafts = drafts_allowed(default=True)
    loaded = load(folder, [beside(folder, locales)], drafts=drafts)
    findings = everything(loaded)
    if loaded.program is not None:  # else the scenarios would be blamed for the menus
        findings += read(loaded.program, folder)[1]
        findings.sort(key=_order)
    lengths = _lengths(loaded) if messages else None
    if form == "json":
        click.echo(as_json(findings, lengths))
    else:
        click.echo(as_text(findings) + (table(lengths) if lengths else ""), nl=False)
    click.echo(summary(folder, findings), err=True)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in bad for finding in findings):
        raise SystemExit(1)


def everything(loaded: Loaded) -> list[Finding]:
    """What loading found, and what the rules say of whatever could be compiled."""
    found = list(loaded.findings)
    if loaded.compiled is not None:
        broken = frozenset(finding.place.file for finding in loaded.findings)
        known = {(finding.place, finding.code) for finding in found}
        found += [
            finding
            for finding in checks.run(loaded.compiled, warnings=True, broken=broken)
            if (finding.place, finding.code) not in known
        ]
    return sorted(found, key=_order)


def _lengths(loaded: Loaded) -> list[Row]:
    if loaded.compiled is None:
        return []
    broken = (one.place.file for one in loaded.findings if one.severity is Severity.ERROR)
    return rows(loaded.compiled, frozenset(broken))


def _order(finding: Finding) -> tuple[Place, str]:
    return finding.place, finding.code


def as_json(findings: Sequence[Finding], lengths: Sequence[Row] | None = None) -> str:
    """A list of `{file, line, column, severity, code, message, hint}`.

    With `lengths`, both under their names: `{findings, messages}`.
    """
    found = [
        {
            "file": finding.place.file,
            "line": finding.place.line,
            "column": finding.place.column,
            "severity": finding.severity.value,
            "code": finding.code,
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in findings
    ]
    said = found if lengths is None else {"findings": found, "messages": lengths}
    return json.dumps(said, ensure_ascii=False, indent=2)


def as_text(findings: Sequence[Finding]) -> str:
    """What it is, the line it stands in, and a caret below the place with a hint beside it."""
    files: dict[str, list[str]] = {}
    blocks = []
    for finding in findings:
        place = finding.place
        blocks.append(f"{place}: {finding.severity} {finding.code}: {finding.message}\n")
        if place.file not in files:
            files[place.file] = _lines(place.file)
        lines = files[place.file]
        if 1 <= place.line <= len(lines):
            blocks.append(_pointed(lines[place.line - 1], place.column - 1, finding.hint))
        elif finding.hint:
            blocks.append(f"  {finding.hint}\n")
    return "".join(blocks)


def _pointed(line: str, column: int, hint: str) -> str:
    if len(line) > _WIDEST:
        start = max(0, min(column - _WIDEST // 2, len(line) - _WIDEST))
        line, column = line[start : start + _WIDEST], column - start
    # Tabs stay tabs below, so that the caret stands under its place whatever a tab's width.
    lead = "".join("\t" if letter == "\t" else " " for letter in line[:column].ljust(column))
    caret = f"{lead}^ {hint}".rstrip()
    return f"{line.rstrip()}\n{caret}\n"


def _lines(file: str) -> list[str]:
    """A place may be in a file that is missing or unreadable: that is what the finding says."""
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.split("\n")  # universal newlines: as the loader counts lines


def summary(folder: Path, findings: Sequence[Finding]) -> str:
    """One line for people, on the error stream: `menus: 2 errors, 1 warning`."""
    counts = [
        _counted(sum(finding.severity is severity for finding in findings), severity)
        for severity in (Severity.ERROR, Severity.WARNING)
    ]
    return f"{folder}: {', '.join(counts)}"


def _counted(count: int, severity: Severity) -> str:
    return f"{count or 'no'} {severity}{'' if count == 1 else 's'}"
