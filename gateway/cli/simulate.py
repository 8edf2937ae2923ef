"""`gateway simulate`: a phone in the terminal, on the real engine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click
import watchfiles
from rich.console import Console

from gateway.cli._menus import beside, drafts_allowed, locales_option
from gateway.cli.check import as_text
from gateway.errors import NumberError
from gateway.menu.library import Library
from gateway.menu.program import Program
from gateway.scenarios.reading import ENDING
from gateway.scenarios.terminal import Quit, Terminal
from gateway.text import msisdn


@click.command("simulate")
@click.argument("code", required=False)
@click.option(
    "--menus",
    envvar="GATEWAY_MENUS",
    default="menus",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of menus.",
)
@locales_option
@click.option("--phone", default="+2290197000001", show_default=True, help="The citizen's number.")
@click.option("--operator", help="An operator of the site: its screen is measured.")
@click.option("--lang", help="A language remembered from before; without it she is asked.")
@click.option(
    "--fail",
    multiple=True,
    metavar="OPERATION=OUTCOME",
    help="What a back end answers: unavailable, not_found, refused, invalid.",
)
def command(
    code: str | None,
    menus: Path,
    locales: Path | None,
    phone: str,
    operator: str | None,
    lang: str | None,
    fail: tuple[str, ...],
) -> None:
    """Dial CODE (the site's first if not said) and answer line by line; :help lists commands.

    Back ends are stood in for, by what their operations say they give. Menus are taken up anew
    on saving. Lines may come from a pipe.
    """
    translations = [beside(menus, locales)]
    library = Library(menus, translations, drafts=drafts_allowed(default=True))
    loaded = library.reload()
    if loaded.program is None:
        click.echo(as_text(loaded.findings), nl=False)
        raise SystemExit(1)
    program = loaded.program
    console = Console(highlight=False)
    terminal = Terminal(
        program=program,
        console=console,
        code=code or next(iter(program.site.codes)),
        number=_number(phone, program),
        network=_network(operator, program),
        language=_language(lang, program),
        clock=lambda: datetime.now(UTC),
        save=lambda service, name, scenario: _save(menus, service, scenario),
    )
    for rule in fail:
        terminal.line(f":fail {rule.replace('=', ' ', 1)}")
    interactive = sys.stdin.isatty()
    turn = threading.Lock()
    if interactive:
        _watch(library, [menus, *translations], terminal, turn)
    terminal.dial()
    try:
        for line in _lines(sys.stdin, console, interactive=interactive):
            with turn:
                terminal.line(line)
    except (Quit, KeyboardInterrupt):
        pass


def _lines(stream: TextIO, console: Console, *, interactive: bool) -> Iterator[str]:
    while True:
        if interactive:
            console.print("[bold]›[/bold] ", end="")
        line = stream.readline()
        if not line:
            return
        yield line.rstrip("\r\n")


def _watch(
    library: Library, folders: Sequence[Path], terminal: Terminal, turn: threading.Lock
) -> None:
    """Menus are taken up on saving; a mistake is shown and the last good ones stay."""

    def watch() -> None:
        for _ in watchfiles.watch(*(folder for folder in folders if folder.exists())):
            before = library.current
            loaded = library.reload()
            with turn:
                if loaded.program is None:
                    click.echo(as_text(loaded.findings), nl=False)
                elif library.current is not before:
                    terminal.take_up(library.current)

    threading.Thread(target=watch, daemon=True, name="menus").start()


def _save(menus: Path, service: str, scenario: str) -> str:
    path = menus / f"{service}{ENDING}"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    gap = "\n" if before and not before.endswith("\n\n") else ""
    path.write_text(f"{before}{gap}{scenario}", encoding="utf-8")
    return str(path)


def _number(phone: str, program: Program) -> str:
    try:
        return msisdn.canonical(phone, program.site.country)
    except NumberError:
        raise click.BadParameter("not a phone number", param_hint="--phone") from None


def _network(name: str | None, program: Program) -> str | None:
    operators = program.site.operators
    if name is None:
        return next(iter(operators), None)
    for network, operator in operators.items():
        if name.lower() in (network, operator.name.lower()):
            return network
    known = ", ".join(operator.name for operator in operators.values())
    raise click.BadParameter(f"one of {known}", param_hint="--operator")


def _language(code: str | None, program: Program) -> str | None:
    if code is None or code in program.site.offered:
        return code
    raise click.BadParameter(f"one of {', '.join(program.site.offered)}", param_hint="--lang")
