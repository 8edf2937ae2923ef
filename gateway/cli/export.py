"""`gateway export`: call-backs and ratings, for an agency's own work with them."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import click

from gateway import logs
from gateway.centre import export
from gateway.centre.export import Form, Row, Span
from gateway.cli.worker import menus
from gateway.errors import SettingsError
from gateway.settings import Settings, read, store_of
from gateway.store import Store

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Hand over call-backs or ratings as CSV or JSON lines. Works while the gateway runs."""


def _options(function: Callable[..., None]) -> Callable[..., None]:
    """What both have in common."""
    for option in (
        click.option(
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            help="A file, readable by you alone; standard output if not said.",
        ),
        click.option("--agency", help="Of this agency alone."),
        click.option("--until", type=_DAY, metavar="DATE", help="Up to this day, itself included."),
        click.option("--since", type=_DAY, metavar="DATE", help="From this day on: 2026-11-30."),
        click.option(
            "--format",
            "form",
            type=click.Choice([form.value for form in Form]),
            default=Form.CSV.value,
            show_default=True,
        ),
    ):
        function = option(function)
    return function


@command.command()
@_options
@click.option("--queue", help="Of this queue alone.")
@click.option("--numbers", is_flag=True, help="With citizens' numbers; that is written down.")
def callbacks(
    form: str,
    since: datetime | None,
    until: datetime | None,
    agency: str | None,
    output: Path | None,
    queue: str | None,
    numbers: bool,
) -> None:
    """Requests to be called back, by the day they were made on."""
    settings, span = _begin(since, until)
    columns = (*export.CALLBACKS, "phone") if numbers else export.CALLBACKS

    def rows(store: Store) -> AsyncIterator[Row]:
        return export.call_backs(store, span, agency=agency, queue=queue, numbers=numbers)

    _write(settings, rows, columns, Form(form), output, numbers=numbers)


@command.command()
@_options
@click.option("--service", help="Of this service alone.")
def feedback(
    form: str,
    since: datetime | None,
    until: datetime | None,
    agency: str | None,
    output: Path | None,
    service: str | None,
) -> None:
    """Ratings and comments, newest first. They hold no numbers."""
    settings, span = _begin(since, until)

    def rows(store: Store) -> AsyncIterator[Row]:
        return export.ratings(store, span, agency=agency, service=service)

    _write(settings, rows, export.FEEDBACK, Form(form), output)


def _begin(since: datetime | None, until: datetime | None) -> tuple[Settings, Span]:
    settings = read(os.environ)
    logs.configure("error")
    zone = ZoneInfo(menus(settings).current.site.timezone)
    bounds: dict[str, Any] = {}
    if since is not None:
        bounds["since"] = since.replace(tzinfo=zone).timestamp()
    if until is not None:
        bounds["until"] = (until + timedelta(days=1)).replace(tzinfo=zone).timestamp()
    span = Span(zone, **bounds)
    if span.since >= span.until:
        raise SettingsError("--since is later than --until")
    return settings, span


def _write(
    settings: Settings,
    rows: Callable[[Store], AsyncIterator[Row]],
    columns: Sequence[str],
    form: Form,
    output: Path | None,
    *,
    numbers: bool = False,
) -> None:
    async def run(out: TextIO) -> int:
        store = await store_of(settings)
        try:
            if numbers:
                await store.audit.write("terminal", export.AUDITED)
            return await export.write(rows(store), columns, form, out)
        finally:
            await store.close()

    opened = _standard_output() if output is None else _file(output)
    with opened as out:
        count = asyncio.run(run(out))
    click.echo(f"{count} rows", err=True)


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield out
        out.flush()
    finally:
        out.detach()


@contextmanager
def _file(path: Path) -> Iterator[TextIO]:
    """A file that is there as a whole or not at all, for its owner's eyes alone."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
    beside = Path(name)
    try:
        with open(number, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
