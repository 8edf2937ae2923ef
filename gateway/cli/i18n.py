"""`gateway i18n`: catalogues for translators, and how far they have come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from gateway.cli._menus import beside, folder_argument, locales_option
from gateway.cli.check import as_text
from gateway.menu import load
from gateway.menu.program import Program
from gateway.menu.translation import Count, extract, orphans, status


@click.group("i18n")
def command() -> None:
    """Texts for translators: extract them, count what is done."""


@command.command("extract")
@folder_argument
@locales_option
@click.option(
    "--own",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write the gateway's own words there, all of them (for its developers).",
)
def extract_command(folder: Path, locales: Path | None, own: Path | None) -> None:
    """Bring the catalogues of the menus in FOLDER up to date.

    Translations are kept; where a text has changed a little, its translation is marked fuzzy.
    """
    program, catalogues = _program(folder), beside(folder, locales)
    changes = extract(program, folder, catalogues, own)
    for change in changes:
        added = f" ({change.new} new)" if change.new else ""
        click.echo(f"{change.path}{added}")
    for path in orphans(program, catalogues):
        click.echo(f"{path}: belongs to no service any more", err=True)
    click.echo(f"{len(changes) or 'no'} file{'' if len(changes) == 1 else 's'} changed", err=True)


@command.command("status")
@folder_argument
@locales_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def status_command(folder: Path, locales: Path | None, form: str) -> None:
    """Count what is translated, fuzzy, missing, and read by a native speaker.

    A fuzzy entry has a text, but no native speaker has read it, or its source has changed since.
    """
    counts = status(_program(folder), beside(folder, locales))
    if form == "json":
        click.echo(json.dumps([_as_json(count) for count in counts], ensure_ascii=False, indent=2))
    else:
        width = None if Console().is_terminal else 100
        Console(width=width, highlight=False).print(table(counts))


def _program(folder: Path) -> Program:
    """Translations are left out of it: a fault in one must not keep the others from being made."""
    loaded = load(folder, drafts=True)
    if loaded.program is None:
        click.echo(as_text(loaded.findings), nl=False)
        raise click.ClickException(f"{folder} has errors: mend them first")
    return loaded.program


def _as_json(count: Count) -> dict[str, str | int]:
    return {
        "language": count.language,
        "domain": count.domain,
        "translated": count.translated,
        "fuzzy": count.fuzzy,
        "missing": count.missing,
        "read": count.read,
    }


def table(counts: Sequence[Count]) -> Table:
    """A line for each catalogue, and one for each language as a whole."""
    shown = Table(box=None, pad_edge=False)
    for name in ("language", "domain"):
        shown.add_column(name, no_wrap=True)
    for name in ("translated", "fuzzy", "missing", "read by native speaker"):
        shown.add_column(name, justify="right")
    for language in dict.fromkeys(count.language for count in counts):
        own = [count for count in counts if count.language == language]
        whole = Count(
            language,
            "all",
            sum(count.translated for count in own),
            sum(count.fuzzy for count in own),
            sum(count.missing for count in own),
        )
        for count in (*own, whole):
            shown.add_row(
                language,
                count.domain,
                str(count.translated),
                str(count.fuzzy),
                str(count.missing),
                f"{count.read} %",
                style="bold" if count is whole else "",
                end_section=count is whole,
            )
    return shown
