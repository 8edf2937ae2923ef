"""`gateway serve`: the web process."""

from __future__ import annotations

import os
import signal
import tempfile
from types import FrameType

import click
import uvicorn
from uvicorn.supervisors import Multiprocess

from gateway import logs
from gateway.app import Gateway, create_app
from gateway.settings import Settings, read


def configuration(app: Gateway | str, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs us: its access log would hold tokens, so it is off."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=10,
    )


def serving() -> Gateway:
    """The application of one of several processes."""
    signal.signal(signal.SIGHUP, _not_yet)
    settings = read(os.environ, needs_token=True)
    logs.configure(settings.log_level)
    return create_app(settings, os.environ)


class Workers(Multiprocess):
    """uvicorn's processes, where SIGHUP means the menus and not a restart."""

    def handle_hup(self) -> None:
        for process in self.processes:
            if process.pid is not None:
                os.kill(process.pid, signal.SIGHUP)


@click.command()
def command() -> None:
    """Answer providers: the web process, told by its environment (docs/run.md)."""
    # Before the menus are loaded, a SIGHUP would end the process.
    signal.signal(signal.SIGHUP, _not_yet)
    settings = read(os.environ, needs_token=True)
    logs.configure(settings.log_level)
    app = create_app(settings, os.environ)
    if settings.workers == 1:
        server = uvicorn.Server(configuration(app, settings))
        server.run()
        if not server.started:
            raise click.exceptions.Exit(3)
        return
    with tempfile.TemporaryDirectory(prefix="gateway-metrics-") as folder:
        # Read by prometheus-client in the processes to come: one /metrics tells of all.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        config = configuration("gateway.cli.serve:serving", settings)
        Workers(config, [config.bind_socket()]).run()


def _not_yet(_signal: int, _frame: FrameType | None) -> None:
    pass
