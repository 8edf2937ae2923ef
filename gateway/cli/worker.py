"""`gateway worker`: sends what was accepted, and tells agencies how it ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import click
import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from gateway import logs, operations
from gateway.errors import MenuError, SettingsError, StoreUnavailable
from gateway.menu.library import Library
from gateway.metrics import Metrics
from gateway.settings import Settings, read, store_of
from gateway.store import Store
from gateway.workshop import Workshop

REDIS_PAUSE = 1.0  # seconds between two attempts to open a Redis that is away at the start

_log = structlog.get_logger("gateway.cli.worker")


@click.command()
@click.option("--drain", is_flag=True, help="Stop as soon as nothing is due any more.")
def command(drain: bool) -> None:
    """Send messages and tell agencies of them: the worker process (docs/run.md)."""
    # Before the menus are loaded, a SIGHUP would end the process.
    signal.signal(signal.SIGHUP, _not_yet)
    settings = read(os.environ)
    logs.configure(settings.log_level)
    library = menus(settings)
    new_loop = uvloop.new_event_loop
    with _listening(settings) as listening, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_work(settings, library, os.environ, listening, drain=drain))


def _not_yet(_signal: int, _frame: FrameType | None) -> None:
    pass


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket | None]:
    """GATEWAY_WORKER_PORT, taken before anything else is started. Raises SettingsError."""
    if settings.worker_port is None:
        yield None
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        taken = socket.create_server((settings.host, settings.worker_port), family=family)
    except OSError as error:
        raise SettingsError(
            f"GATEWAY_WORKER_PORT is wrong: cannot listen on {settings.host}, port"
            f" {settings.worker_port} ({error.strerror}); each worker of a machine needs its own"
        ) from error
    with taken:
        yield taken


def menus(settings: Settings) -> Library:
    """Raises MenuError where there are none that can be served."""
    library = Library(settings.menus, (settings.locales,), drafts=settings.drafts)
    loaded = library.reload()
    if loaded.program is None:
        raise MenuError(f"the menus in {settings.menus} cannot be served: see gateway check")
    return library


async def opened(settings: Settings, *, wait: bool) -> Store:
    """The store. One that is away is waited for, if `wait` says so."""
    told = ""
    while True:
        try:
            return await store_of(settings)
        except StoreUnavailable as error:
            if not wait:
                raise
            if str(error) != told:
                told = str(error)
                _log.error("store-away", reason=told)
            await asyncio.sleep(REDIS_PAUSE)


async def _work(
    settings: Settings,
    library: Library,
    environ: Mapping[str, str],
    listening: socket.socket | None,
    *,
    drain: bool,
) -> None:
    metrics = Metrics()
    workshop = Workshop(library, environ, metrics)
    loop = asyncio.get_running_loop()
    reading = _Reading(library, workshop)
    # Before Redis is waited for: a SIGHUP would end the process.
    loop.add_signal_handler(signal.SIGHUP, reading.begin)
    store = await opened(settings, wait=not drain)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, workshop.worker.stop)
    server = None if listening is None else _server(settings, store, library, metrics)
    told = None
    if server is not None and listening is not None:
        told = asyncio.create_task(server.serve(sockets=[listening]))
    _log.info("working", menus=library.current.hash)
    try:
        await workshop.run(store, drain=drain)
    finally:
        if server is not None and told is not None:
            server.should_exit = True
            await told
        await store.close()
    _log.info("worker-stopped")


class _Reading:
    """Menus read anew on SIGHUP: all or nothing, the last good ones kept."""

    def __init__(self, library: Library, workshop: Workshop) -> None:
        self._library = library
        self._workshop = workshop
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        try:
            loaded = await asyncio.to_thread(
                self._library.reload, lambda program: self._workshop.adopt(program.site)
            )
        except SettingsError as error:
            # Names a variable of the environment, and never what is in it.
            _log.error("menus-read", result="refused", reason=str(error))
            return
        if loaded.program is None:
            _log.error("menus-read", result="refused", findings=len(loaded.findings))
        else:
            _log.info("menus-read", result="taken", menus=self._library.current.hash)


class _Server(uvicorn.Server):
    """Signals are the command's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(settings: Settings, store: Store, library: Library, metrics: Metrics) -> uvicorn.Server:
    """`/healthz`, `/readyz` and `/metrics` of this worker."""

    async def state() -> tuple[bool, Mapping[str, object]]:
        readiness = await store.ready()
        return readiness.ok, {"menus": library.current.hash, **readiness.detail}

    pages = Starlette(routes=list(operations.routes(state, metrics, settings.metrics_tokens)))
    return _Server(
        uvicorn.Config(
            pages,
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
    )
