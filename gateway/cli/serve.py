"""`gateway serve`: the web process."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Iterable
from contextlib import suppress
from types import FrameType

import click
import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from gateway import logs
from gateway.app import Gateway, create_app
from gateway.errors import SettingsError
from gateway.protocol import CallbackProtocol
from gateway.settings import Settings, read

_log = structlog.get_logger("gateway.cli.serve")


def configuration(app: Gateway | str, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs us: its access log would hold tokens, so it is off."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http=CallbackProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=10,
    )


def listen(settings: Settings, *, ports: Iterable[int]) -> socket.socket:
    """A socket on the first free one of `ports`, taken before anything else is started.

    Raises SettingsError, which names the setting that cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    tried = list(ports)
    for port in tried:
        try:
            return socket.create_server((settings.host, port), family=family)
        except PermissionError as error:
            raise SettingsError(
                f"PORT is wrong: this user may not listen on port {port}; set PORT to 1024 or more"
            ) from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"GATEWAY_HOST is wrong: cannot listen on {settings.host} ({error.strerror});"
                    " give 127.0.0.1 behind a proxy, 0.0.0.0 in a container"
                ) from error
    if len(tried) == 1:
        raise SettingsError(
            f"PORT is wrong: port {tried[0]} is in use; stop what uses it, or set PORT to another"
            " number"
        )
    raise SettingsError(
        f"PORT is missing: ports {tried[0]} to {tried[-1]} are all in use; set PORT to a free one"
    )


def serving() -> Gateway:
    """The application of one of several processes."""
    signal.signal(signal.SIGHUP, _not_yet)
    threading.Thread(target=_outlived, daemon=True).start()
    settings = read(os.environ, needs_token=True)
    logs.configure(settings.log_level)
    return create_app(settings, os.environ)


class Workers(Multiprocess):
    """uvicorn's processes, where SIGHUP means the menus and not a restart.

    `failed` once a process could not start, which ends them all.
    """

    failed = False

    def handle_hup(self) -> None:
        for process in self.processes:
            if process.pid is not None:
                os.kill(process.pid, signal.SIGHUP)

    def keep_subprocess_alive(self) -> None:
        before = list(self.processes)
        super().keep_subprocess_alive()
        for process in before:
            if process.exitcode is not None and process.pid is not None:
                # What it counted stays on /metrics; whether it was ready does not.
                mark_process_dead(process.pid)  # type: ignore[no-untyped-call]
                self.failed |= process.exitcode == STARTUP_FAILURE


@click.command()
def command() -> None:
    """Answer providers: the web process, told by its environment (docs/run.md)."""
    # Before the menus are loaded, a SIGHUP would end the process.
    signal.signal(signal.SIGHUP, _not_yet)
    settings = read(os.environ, needs_token=True)
    logs.configure(settings.log_level)
    with listen(settings, ports=[settings.port]) as listening:
        # Several processes load the menus again; a mistake in them is told once, here.
        app = create_app(settings, os.environ)
        _log.info("listening", port=listening.getsockname()[1])
        if settings.workers == 1:
            started = _alone(app, settings, listening)
        else:
            started = _together(settings, listening)
    if not started:
        raise click.exceptions.Exit(STARTUP_FAILURE)


def _alone(app: Gateway, settings: Settings, listening: socket.socket) -> bool:
    server = uvicorn.Server(configuration(app, settings))
    with suppress(KeyboardInterrupt):  # Ctrl-C, told again once everything is stopped
        server.run([listening])
    return server.started


def _together(settings: Settings, listening: socket.socket) -> bool:
    with tempfile.TemporaryDirectory(prefix="gateway-metrics-") as folder:
        # Read by prometheus-client in the processes to come: one /metrics tells of all.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        workers = Workers(configuration("gateway.cli.serve:serving", settings), [listening])
        workers.run()
    return not workers.failed


def _outlived() -> None:
    """Nobody would stop or restart a process whose parent was killed: it stops by itself."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _not_yet(_signal: int, _frame: FrameType | None) -> None:
    pass
