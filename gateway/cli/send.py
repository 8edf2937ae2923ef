"""`gateway send`: one message, or a list of them, from the terminal of whoever runs the gateway."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway import logs
from gateway.cli.worker import menus, opened
from gateway.errors import ListRefused, MessageRefused, SettingsError
from gateway.menu.messages import cost
from gateway.menu.program import Program
from gateway.messaging import batches, letter, rows
from gateway.messaging.acceptance import KeyKind, Wanted, accept, prepare
from gateway.messaging.batches import Measured
from gateway.settings import Settings, read
from gateway.store import Store

_SHOWN = 20  # faults that are named
_LOOK = 0.3  # seconds between two looks at how far a list is
_PATIENCE = 10.0  # seconds without a step before the worker is asked for

_Given = TypeVar("_Given")


@click.command()
@click.argument("template")
@click.option("--to", help="The number that gets it.")
@click.option("--data", "pairs", multiple=True, metavar="FIELD=VALUE", help="Again for each field.")
@click.option("--language", help="The citizen's own if not said.")
@click.option("--reference", default="", help="The agency's own, to find it by.")
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A list: .csv (to, language, reference and the fields) or .jsonl.",
)
@click.option("--skip-faulty", is_flag=True, help="Of a list: leave out rows with faults.")
@click.option("--test", is_flag=True, help="Through the simulated provider: reaches nobody.")
@click.option("--yes", is_flag=True, help="Send without asking.")
def command(
    template: str,
    to: str | None,
    pairs: tuple[str, ...],
    language: str | None,
    reference: str,
    path: Path | None,
    skip_faulty: bool,
    test: bool,
    yes: bool,
) -> None:
    """Send the message TEMPLATE (etat-civil/statut_pret) to a number or to a list of them.

    What it says and costs is shown first. It is accepted here and sent by `gateway worker`.
    """
    if (to is None) == (path is None):
        raise click.UsageError("give either --to or --file")
    settings = read(os.environ)
    logs.configure("error")
    program = menus(settings).current
    agency = _agency(program, template)
    kind = KeyKind.TEST if test else KeyKind.LIVE
    if path is not None:
        body = path.read_bytes()
        if len(body) > rows.MOST_BYTES:
            raise click.ClickException(f"the list has more than {rows.MOST_BYTES} bytes: split it")
        asked = {"skip_faulty": skip_faulty, "yes": yes}
        _with_store(
            settings,
            lambda store: _list(store, program, agency, template, path, body, kind, **asked),
        )
        return
    wanted = Wanted(
        template=template,
        to=to or "",
        data=_data(pairs),
        language=language,
        reference=reference,
    )
    _with_store(settings, lambda store: _one(store, program, agency, wanted, kind, yes=yes))


def _with_store(settings: Settings, work: Callable[[Store], Awaitable[_Given]]) -> _Given:
    async def run() -> _Given:
        store = await opened(settings, wait=False)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _agency(program: Program, template: str) -> str:
    service = program.services.get(template.rpartition("/")[0])
    if service is None or not service.agency:
        known = sorted(
            f"{one.name}/{message.name}"
            for one in program.services.values()
            for message in one.messages.values()
            if message.data is not None
        )
        raise SettingsError(f"there is no message « {template} »; there are {', '.join(known)}")
    return service.agency


def _data(pairs: tuple[str, ...]) -> Mapping[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"--data {name}: write it as FIELD=VALUE")
        found[name] = value
    return found


# ---- one message ---------------------------------------------------------------------


async def _one(
    store: Store, program: Program, agency: str, wanted: Wanted, kind: KeyKind, *, yes: bool
) -> None:
    try:
        prepared = await prepare(
            store, program, agency, wanted, kind, "terminal", secrets.token_bytes(16)
        )
    except MessageRefused as refused:
        lines = [f"{name}: {detail} ({code})" for name, code, detail in refused.faults]
        raise click.ClickException("nothing is sent.\n" + "\n".join(lines)) from None
    draft = prepared.draft
    hers = letter.decode(draft.body)
    if prepared.rewritten is not None:
        click.echo(f"To {prepared.rewritten}: digits were added to the number.")
    click.echo(f"{hers.text}\n")
    click.echo(f"{_segments(program, draft.segments)}, in {prepared.language}")
    if not yes and not click.confirm("Send it?"):
        return
    state = await accept(store, prepared, wanted.reference)
    click.echo(f"{draft.id} {state.value}")


# ---- a list --------------------------------------------------------------------------


async def _list(
    store: Store,
    program: Program,
    agency: str,
    template: str,
    path: Path,
    body: bytes,
    kind: KeyKind,
    *,
    skip_faulty: bool,
    yes: bool,
) -> None:
    content_type = "text/csv" if path.suffix.lower() == ".csv" else "application/x-ndjson"
    try:
        listing = rows.read(body, content_type)
    except ListRefused as refused:
        raise click.ClickException(f"{path}: {refused}") from None
    measured = await batches.measure(store, program, agency, template, listing, kind)
    _tell(program, path, measured)
    if measured.faults and not skip_faulty:
        raise click.ClickException("nothing is sent: put the rows right, or give --skip-faulty")
    if not measured.ready:
        raise click.ClickException("nothing is left to be sent")
    if not yes and not click.confirm(f"Send {len(measured.ready)} messages?"):
        return
    now = time.time()
    print_ = batches.fingerprint(agency, template, kind, body)
    known = await batches.brought_before(store, agency, print_, now)
    if known is not None:
        click.echo(f"This list was sent before, today or yesterday, as {known}: not again.")
        await _follow(store, known)
        return
    batch = batches.named(store, agency, print_, str(int(now) // batches.DAY))
    await batches.begin(store, batch, agency, template, kind, measured.ready, print_=print_, at=now)
    await _follow(store, batch)


def _tell(program: Program, path: Path, measured: Measured) -> None:
    for fault in measured.faults[:_SHOWN]:
        column = f" {fault.column}" if fault.column else ""
        click.echo(f"{path}:{fault.row}:{column} {fault.detail} ({fault.code})", err=True)
    more = len(measured.faults) - _SHOWN
    if more > 0:
        click.echo(f"… and {more} more", err=True)
    if measured.rewritten:
        click.echo(f"{len(measured.rewritten)} numbers were completed (8 digits, or a lost zero).")
    if measured.doubles:
        some = ", ".join(map(str, measured.doubles[:_SHOWN]))
        click.echo(f"The same message to the same number again, in rows {some}.")
    spoken = ", ".join(f"{code} {count}" for code, count in sorted(measured.languages.items()))
    click.echo(
        f"{len(measured.ready)} of {measured.rows} rows are ready ({spoken or 'none'}):"
        f" {_segments(program, measured.segments)}, the longest {measured.worst}."
    )


async def _follow(store: Store, batch: str) -> None:
    """Until every message is accepted; sending them is the worker's business."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        record = await store.jobs.read(batch) or {}
        task = bar.add_task("accepted", total=int(record.get("total", 0)))
        moved = time.monotonic()
        while True:
            record = await store.jobs.read(batch) or {}
            done = sum(int(record.get(name, 0)) for name in ("accepted", "suppressed", "refused"))
            if done > bar.tasks[0].completed:
                moved = time.monotonic()
            bar.update(task, completed=done)
            if record.get("done") == record.get("pieces"):
                break
            if time.monotonic() - moved > _PATIENCE:
                bar.console.print("Nothing moves: is `gateway worker` running? It goes on then.")
                break
            await asyncio.sleep(_LOOK)
    told = ", ".join(
        f"{record.get(name, 0)} {name}" for name in ("accepted", "suppressed", "refused")
    )
    click.echo(f"{batch}: {told}")


def _segments(program: Program, count: int) -> str:
    price = cost(program.site, count)
    told = f"{count} segment" if count == 1 else f"{count} segments"
    return told if price is None else f"{told}, {price} F"
