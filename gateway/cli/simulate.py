"""`gateway simulate`: a phone in the terminal, on the real engine."""

from __future__ import annotations

import importlib
import io
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from getpass import getpass
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import click
import watchfiles
from rich.console import Console

from gateway.channels import ussd
from gateway.cli._menus import beside, drafts_allowed, locales_option
from gateway.cli.check import as_text
from gateway.errors import NumberError
from gateway.events import Outcome
from gateway.menu.findings import offer
from gateway.menu.library import Library
from gateway.menu.program import Program
from gateway.scenarios.standin import operations
from gateway.scenarios.terminal import Quit, Terminal
from gateway.scenarios.values import network_of
from gateway.scenarios.view import View
from gateway.text import msisdn

_PROMPT = "› "


@click.command("simulate")
@click.argument("code", required=False)
@click.option(
    "--menus",
    envvar="GATEWAY_MENUS",
    default="menus",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of menus (GATEWAY_MENUS, else « menus »).",
)
@locales_option
@click.option("--phone", default="+2290197000001", show_default=True, help="The citizen's number.")
@click.option("--operator", help="An operator of the site: its screen is measured.")
@click.option("--lang", help="A language remembered from before; without it she is asked.")
@click.option(
    "--fail",
    multiple=True,
    metavar="OPERATION=OUTCOME",
    help="What a back end answers: unavailable, not_found, refused, invalid. May be repeated.",
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
    """Dial CODE and answer line by line; :help lists commands.

    CODE may also be the name of a service; without it, the site's first code is dialled. Back
    ends are stood in for, by what their operations say they give. Menus are taken up anew on
    saving, and the same keys pressed again. Lines may come from a pipe.
    """
    translations = [beside(menus, locales)]
    library = Library(menus, translations, drafts=drafts_allowed(default=True))
    loaded = library.reload()
    if loaded.program is None:
        click.echo(as_text(loaded.findings), nl=False)
        raise SystemExit(1)
    program = loaded.program
    _forgiving(sys.stdin, sys.stdout)
    view = View(Console(highlight=False))
    terminal = Terminal(
        program=program,
        view=view,
        folder=menus,
        opens=_opens(code, program),
        number=_number(phone, program),
        network=_network(operator, program),
        language=_language(lang, program),
        now=datetime.now(ZoneInfo(program.site.timezone)).replace(second=0, microsecond=0),
        fails=dict(_failing(rule, program) for rule in fail),
    )
    interactive = sys.stdin.isatty()
    editing = _Editing(library, terminal, view)
    if interactive:
        editing.watch([menus, *translations])
        view.say("type what a citizen would; :help lists commands, :quit leaves")
    terminal.dial()
    try:
        for line in _typed(terminal) if interactive else _piped(sys.stdin, terminal, view):
            with editing.turn:
                terminal.line(line)
    except (Quit, KeyboardInterrupt):
        pass
    if interactive:
        click.echo()


def _typed(terminal: Terminal) -> Iterator[str]:
    """Lines of a person; those of a secret are neither echoed nor kept for the arrow keys."""
    with suppress(ImportError):
        importlib.import_module("readline")
    while True:
        try:
            line = getpass(_PROMPT) if terminal.asks_secret else input(_PROMPT)
        except EOFError:
            return
        yield line


def _piped(stream: TextIO, terminal: Terminal, view: View) -> Iterator[str]:
    for line in stream:
        text = line.rstrip("\r\n")
        view.typed("••••" if terminal.asks_secret and not text.startswith(":") else text)
        yield text


def _forgiving(typed: TextIO, printed: TextIO) -> None:
    """Bytes that are no text, and letters that this terminal lacks, must not end the session."""
    for stream in (typed, printed):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class _Editing:
    """Takes menus up on saving; a mistake is shown, and the last good ones stay."""

    def __init__(self, library: Library, terminal: Terminal, view: View) -> None:
        self._library = library
        self._terminal = terminal
        self._view = view
        self._seen = library.reload()
        self.turn = threading.Lock()  # one at a time: a line, or an edit

    def watch(self, folders: Sequence[Path]) -> None:
        there = [folder for folder in folders if folder.is_dir()]
        threading.Thread(target=self._watch, args=there, daemon=True, name="menus").start()

    def _watch(self, *folders: Path) -> None:
        for _ in watchfiles.watch(*folders, raise_interrupt=False):
            if self.look():
                click.echo(_PROMPT, nl=False)

    def look(self) -> bool:
        """Whether there was something new, which is shown then."""
        with self.turn:
            before, loaded = self._seen, self._library.reload()
            if loaded is before:
                return False
            self._seen = loaded
            click.echo()
            if loaded.program is None:
                click.echo(as_text(loaded.findings), nl=False)
                self._view.say("the last good menus stay until this is mended")
            else:
                self._terminal.take_up(loaded.program)
            return True


# ---- arguments ---------------------------------------------------------------------------


def _opens(code: str | None, program: Program) -> str:
    codes, services = program.site.codes, program.services
    if code is None:
        if not codes:
            raise click.UsageError("the site has no codes: name a service instead of one")
        return next(iter(codes))
    if code in services or ussd.dialled(program, code) is not None:
        return code
    known = codes if code.startswith("*") else services
    raise click.BadParameter(
        f"nothing opens by « {code} »; {offer(code, known)}", param_hint="CODE"
    )


def _number(phone: str, program: Program) -> str:
    try:
        return msisdn.canonical(phone, program.site.country)
    except NumberError:
        raise click.BadParameter("not a phone number", param_hint="--phone") from None


def _network(name: str | None, program: Program) -> str | None:
    operators = program.site.operators
    if name is None:
        return next(iter(operators), None)
    network = network_of(program, name)
    if network is None:
        known = ", ".join(operator.name for operator in operators.values())
        wrong = f"one of {known}" if known else "the site names no operators"
        raise click.BadParameter(wrong, param_hint="--operator")
    return network


def _language(code: str | None, program: Program) -> str | None:
    if code is None or code in program.site.offered:
        return code
    raise click.BadParameter(f"one of {', '.join(program.site.offered)}", param_hint="--lang")


def _failing(rule: str, program: Program) -> tuple[str, Outcome]:
    operation, _, outcome = rule.partition("=")
    if outcome not in list(Outcome):
        wrong = f"OPERATION=OUTCOME, the outcome one of {', '.join(Outcome)}"
        raise click.BadParameter(wrong, param_hint="--fail")
    known = operations(program)
    if operation not in known:
        wrong = f"there is no operation « {operation} »; {offer(operation, known)}"
        raise click.BadParameter(wrong, param_hint="--fail")
    return operation, Outcome(outcome)
