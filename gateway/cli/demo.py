"""`gateway demo`: the whole thing on this machine, with agencies that answer."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import structlog
import uvicorn
import uvloop
from rich.console import Console
from starlette.applications import Starlette

from gateway import logs
from gateway.api import keys
from gateway.api.first import first_messages
from gateway.api.keys import DAY, Right
from gateway.app import Gateway, create_app
from gateway.centre import passwords, staff
from gateway.centre.staff import AccountRefused, Role
from gateway.cli.check import as_text, everything
from gateway.cli.serve import configuration, listen
from gateway.demo import server as offices_server
from gateway.demo.agency import AGENCIES, agency, environment
from gateway.demo.modes import Mode
from gateway.demo.teller import Counter
from gateway.errors import SettingsError, StoreError
from gateway.logs import failure
from gateway.menu.loading import Loaded
from gateway.menu.program import Site
from gateway.messaging.acceptance import KeyKind
from gateway.settings import new_token, read
from gateway.store import Store
from gateway.web.phone import LINES, Phone, curl
from gateway.workshop import Workshop

_log = structlog.get_logger("gateway.cli.demo")

DEMO_ACCOUNT = "demo"

_LOOPBACK = "127.0.0.1"
_LOOK = 0.1  # seconds between two looks whether the store is open
_LAST_PORT = 65_535
_PORTS = 20  # tried from the usual one on, unless PORT names one


class _Server(uvicorn.Server):
    """One of two in this process: signals are the command's business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@click.command()
@click.option(
    "--day",
    envvar="GATEWAY_DEMO_DAY",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a working day of the agencies takes (GATEWAY_DEMO_DAY).",
)
def command(day: float) -> None:
    """Try it: a phone in the browser, agencies that answer, Redis included. Ctrl-C stops it."""
    environ = _environment(os.environ)
    settings = read(environ, needs_token=True)
    logs.configure(settings.log_level)
    chosen = bool(os.environ.get("PORT", "").strip())
    last = settings.port + (1 if chosen else _PORTS)
    listening = listen(settings, ports=range(settings.port, last))
    settings = settings.model_copy(update={"port": listening.getsockname()[1]})
    with listening, _beside(settings.port) as behind:
        tokens = {name: secrets.token_hex(16) for name in AGENCIES}
        url = f"http://{_LOOPBACK}:{behind.getsockname()[1]}"
        # An agency's real back end, where the environment names one, goes first.
        environ = {**environment(url, tokens), **environ}
        menus = str(settings.menus / "accueil.yaml")
        phone = Phone(settings.callback_tokens[0], menus, agencies=url)
        edits = _Edits()
        app = create_app(settings, environ, watch=True, extra_routes=phone.routes(), tell=edits)
        phone.counter = app
        offices = _offices(settings.data, tokens, day, _counter(app))
        servers = (
            _Server(configuration(app, settings)),
            _Server(offices_server.configuration(offices)),
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            started = runner.run(
                _run(servers, (listening, behind), app, phone, edits, environ, url)
            )
    if not started:
        raise click.exceptions.Exit(3)


async def _run(
    servers: tuple[_Server, _Server],
    sockets: tuple[socket.socket, socket.socket],
    app: Gateway,
    phone: Phone,
    edits: _Edits,
    environ: Mapping[str, str],
    agencies: str,
) -> bool:
    """Serves until a signal. The worker ends before the gateway closes the store that both use;
    the agencies outlive the gateway that calls them."""
    web, offices = servers
    # It wants the loop that it runs on.
    workshop = Workshop(app.library, environ, app.metrics, demo=True, handset=phone.handset)
    edits.taken = workshop.adopt
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, web, stopping)
    behind = asyncio.create_task(offices.serve(sockets=[sockets[1]]))
    before = asyncio.create_task(web.serve(sockets=[sockets[0]]))
    working = asyncio.create_task(_work(workshop, app))
    up = asyncio.create_task(web.up.wait())
    await asyncio.wait((before, up), return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    if web.started:
        await _tell(app, agencies)
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait((before, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
    workshop.worker.stop()
    if app.store is None:
        working.cancel()
    await asyncio.wait((working,))
    web.should_exit = True
    await before
    offices.should_exit = True
    await behind
    if web.started:
        Console(stderr=True).print("[dim]Stopped.[/dim]")
    return web.started


async def _work(workshop: Workshop, app: Gateway) -> None:
    """The worker, on the application's own store, as soon as that is open. If it fails, the phone
    goes on without text messages, and that is told."""
    while app.store is None:  # noqa: ASYNC110 - the application tells nobody when
        await asyncio.sleep(_LOOK)
    try:
        await workshop.run(app.store)
    except Exception as error:
        told = f"The worker failed ({type(error).__name__}): no text message arrives any more."
        click.echo(f"{told} Start the demo anew.", err=True)
        _log.error("worker-failed", **failure(error))


def _stop(web: _Server, stopping: asyncio.Event) -> None:
    if stopping.is_set():
        web.force_exit = True  # pressed twice: whoever still waits for a reply does not get it
        web.should_exit = True
    stopping.set()


async def _tell(app: Gateway, agencies: str) -> None:
    """What to try, in a few lines that can be copied."""
    settings = app.settings
    url = f"http://{_shown(settings.host)}:{settings.port}"
    program = app.library.current
    code = min(program.site.codes, key=len, default="*229#")
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    console.print(f"[bold]A phone in your browser[/bold]   [green]{url}/[/green]")
    console.print(f"[bold]The agencies' counter[/bold]     [green]{agencies}/[/green]")
    menus = _near(settings.menus)
    console.print(f"[bold]Menus[/bold]                     {menus}  (taken up when you save)")
    console.print(f"[bold]Data[/bold]                      {_near(settings.data)}")
    console.print("[bold]The provider's callback[/bold]")
    console.print(curl(url, settings.callback_tokens[0], code), markup=False, style="dim")
    if app.store is not None:
        await _tell_agencies(console, app.store, app, url)
        await _tell_desk(console, app.store, url)
    console.print("\nCtrl-C stops everything.\n")


async def _tell_agencies(console: Console, store: Store, app: Gateway, url: str) -> None:
    """What an agency sends to the phone in the browser, with a key made for this day."""
    try:
        found = await first_messages(store, app.library.current, url, LINES[0][0])
    except StoreError:
        return  # told by /readyz; the phone says so too
    for agency_name, command in found.items():
        console.print(f"\n[bold]A message of an agency[/bold] ({agency_name}, to that phone)")
        console.print(command, markup=False, style="dim")


async def _tell_desk(console: Console, store: Store, url: str) -> None:
    """The service centre's desk, with an account made for this start."""
    try:
        password = await demo_account(store)
    except StoreError:
        return
    console.print(f"\n[bold]The service centre's desk[/bold] [green]{url}/desk/[/green]")
    console.print(f"account [bold]{DEMO_ACCOUNT}[/bold], password [bold]{password}[/bold]")


async def demo_account(store: Store) -> str:
    """A supervisor's account, whose password is another one at each start."""
    password = passwords.generated()
    try:
        await staff.add(store, DEMO_ACCOUNT, password, role=Role.SUPERVISOR)
    except AccountRefused:
        await staff.enable(store, DEMO_ACCOUNT)
        await staff.set_password(store, DEMO_ACCOUNT, password, temporary=False)
    return password


class _Edits:
    """After a menu was saved: taken up, or what is wrong with it and where."""

    def __init__(self) -> None:
        self.taken: Callable[[Site], None] | None = None  # the worker hears of them too
        self._wrong = False

    def __call__(self, loaded: Loaded) -> None:
        if loaded.program is not None and self.taken is not None:
            try:
                self.taken(loaded.program.site)
            except SettingsError as error:
                click.echo(f"The worker goes on with the menus before: {error}", err=True)
        if loaded.program is None:
            told = as_text(everything(loaded)) + "The last good menus stay in service."
            click.echo(told, err=True)
        elif self._wrong:
            click.echo("Menus are in order again: the next call shows them.")
        else:
            click.echo("Menus taken up: the next call shows them.")
        self._wrong = loaded.program is None


def _offices(data: Path, tokens: Mapping[str, str], day: float, counter: Counter) -> Starlette:
    """The agencies, which keep what they are told beside the gateway's own data."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data / "demo-agencies.sqlite"
        return agency(path, tokens, day=day, counter=counter, heard=_behaves)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(
            f"GATEWAY_DATA is wrong: {data} cannot be used ({why}); give a folder of its own"
        ) from error


def _counter(app: Gateway) -> Counter:
    """Where agencies tell how cases stand, with test keys of their own, made when one is wanted."""

    async def key(agency_name: str) -> str:
        try:
            if app.store is None:
                raise StoreError("not open yet")
            _, token = await keys.create(
                app.store,
                agency_name,
                KeyKind.TEST,
                label="demo, cases",
                rights=(Right.CASES,),
                seconds=DAY,
            )
        except StoreError as error:
            raise ConnectionError from error  # what the agency, which knows no store, tries again
        return token

    return Counter(f"http://{_shown(app.settings.host)}:{app.settings.port}", key)


def _behaves(agency_name: str, mode: Mode) -> None:
    """Somebody chose on the agencies' page how one of them answers from now on."""
    click.echo(f"The agency {agency_name} is now: {mode}.")


def _beside(port: int) -> socket.socket:
    """The port after the gateway's, so that the agencies' page keeps its address; else any."""
    try:
        return socket.create_server((_LOOPBACK, min(port + 1, _LAST_PORT)))
    except OSError:
        return socket.create_server((_LOOPBACK, 0))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment, with what a demo needs where nothing else is said."""
    return {
        "GATEWAY_DRAFTS": "1",
        "GATEWAY_LOG_LEVEL": "warning",
        "GATEWAY_CALLBACK_TOKEN": new_token(),
        **{name: value for name, value in given.items() if value.strip()},
    }


def _shown(host: str) -> str:
    return _LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _near(folder: Path) -> str:
    """As short as it can be typed from here."""
    path = folder.resolve()
    here = Path.cwd()
    return f"{path.relative_to(here)}/" if path.is_relative_to(here) else f"{path}/"
