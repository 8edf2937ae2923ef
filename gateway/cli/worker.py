"""`gateway worker`: sends what was accepted, and tells agencies how it ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click
import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from gateway import logs, operations
from gateway.errors import MenuError, SettingsError, StoreUnavailable
from gateway.menu.library import Library
from gateway.metrics import Metrics
from gateway.settings import Settings, read
from gateway.store import Store, open_store
from gateway.workshop import Workshop

REDIS_PAUSE = 1.0  # seconds between two attempts to open a Redis that is away at the start

_log = structlog.get_logger("gateway.cli.worker")


@click.command()
@click.option("--drain", is_flag=True, help="Stop as soon as nothing is due any more.")
def command(drain: bool) -> None:
    """Send messages and tell agencies of them: the worker process (docs/run.md)."""
    settings = read(os.environ)
    logs.configure(settings.log_level)
    library = menus(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, library, os.environ, drain=drain))


def menus(settings: Settings) -> Library:
    """Raises MenuError where there are none that can be served."""
    library = Library(settings.menus, (settings.locales,), drafts=settings.drafts)
    loaded = library.reload()
    if loaded.program is None:
        raise MenuError(f"the menus in {settings.menus} cannot be served: see gateway check")
    return library


async def opened(settings: Settings, *, wait: bool) -> Store:
    """The store. One that is away is waited for, if `wait` says so."""
    url = settings.redis_url
    told = ""
    while True:
        try:
            return await open_store(
                redis_url=None if url is None else url.get_secret_value(),
                data=settings.data,
                secret_keys=settings.secret_keys,
                name_key=settings.name_key,
                allow_unfit=settings.redis_trial,
            )
        except StoreUnavailable as error:
            if not wait:
                raise
            if str(error) != told:
                told = str(error)
                _log.error("store-away", reason=told)
            await asyncio.sleep(REDIS_PAUSE)


async def _work(
    settings: Settings, library: Library, environ: Mapping[str, str], *, drain: bool
) -> None:
    metrics = Metrics()
    workshop = Workshop(library, environ, metrics)
    store = await opened(settings, wait=not drain)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, workshop.worker.stop)
    reading = _Reading(library, workshop)
    loop.add_signal_handler(signal.SIGHUP, reading.begin)
    server = _server(settings, store, library, metrics)
    told = None if server is None else asyncio.create_task(server.serve())
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


def _server(
    settings: Settings, store: Store, library: Library, metrics: Metrics
) -> uvicorn.Server | None:
    """`/healthz`, `/readyz` and `/metrics` of this worker, where GATEWAY_WORKER_PORT says so."""
    if settings.worker_port is None:
        return None

    async def state() -> tuple[bool, Mapping[str, object]]:
        readiness = await store.ready()
        return readiness.ok, {"menus": library.current.hash, **readiness.detail}

    pages = Starlette(routes=list(operations.routes(state, metrics, settings.metrics_tokens)))
    return _Server(
        uvicorn.Config(
            pages,
            host=settings.host,
            port=settings.worker_port,
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
    )
