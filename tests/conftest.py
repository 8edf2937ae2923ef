"""A real server for every test that needs one: the gateway's own embedded one."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis import Redis

from gateway import logs
from gateway.store import Store, open_store
from gateway.store.embedded import Embedded
from gateway.store.keys import LASTING

SECRET_KEY = bytes(range(32))
NAME_KEY = bytes(range(32, 64))

_BENINESE = re.compile(rb"(?<![0-9A-Za-z])229(01)?\d{8}(?![0-9A-Za-z])")  # no part of a hash


@dataclass(frozen=True)
class Server:
    """A running server. `admin` looks at it from outside, as an engineer with redis-cli."""

    url: str
    data: Path
    admin: Redis

    def everything(self) -> dict[bytes, list[bytes]]:
        """Every key, with its raw values."""
        return {name: self._values(name) for name in self.admin.scan_iter(count=1000)}

    def _values(self, name: bytes) -> list[bytes]:
        kind = self.admin.type(name)
        found: Any
        match kind:
            case b"stream":
                found = self.admin.xrange(name)
                return [part for _, fields in found for pair in fields.items() for part in pair]
            case b"hash":
                found = self.admin.hgetall(name)
                return [part for pair in found.items() for part in pair]
            case b"zset":
                found = self.admin.zrange(name, 0, -1)
            case b"set":
                found = self.admin.smembers(name)
            case b"list":
                found = self.admin.lrange(name, 0, -1)
            case _:
                value: Any = self.admin.get(name)
                found = [] if value is None else [value]
        return list(found)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """A failure that depends on the order can be had again: -q hides the plugin's own line."""
    seed = config.getoption("randomly_seed", default=None)
    if exitstatus and seed is not None:
        terminalreporter.write_line(f"the same order again: pytest --randomly-seed={seed}")


@pytest.fixture(autouse=True)
def _logging_undone() -> Iterator[None]:
    """Whoever sets logging up does so for one test: loggers keep what they first wrote with."""
    root, server = logging.getLogger(), logging.getLogger("uvicorn")
    handlers, levels = root.handlers[:], (root.level, server.level)
    configured = structlog.is_configured()
    before, accesses = structlog.get_config(), logs._accesses
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    server.setLevel(levels[1])
    logs._accesses = accesses
    if configured:
        structlog.configure(**before)
    else:
        structlog.reset_defaults()
    for name, module in list(sys.modules.items()):
        if name.startswith("gateway."):
            getattr(getattr(module, "_log", None), "__dict__", {}).pop("bind", None)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One embedded server for the whole run."""
    embedded = Embedded(tmp_path_factory.mktemp("redis"))
    embedded.attach()
    socket = embedded.socket()
    admin = Redis(unix_socket_path=str(socket))
    yield Server(f"unix://{socket}", embedded.data, admin)
    admin.close()
    embedded.leave()


@pytest.fixture
def redis(redis_server: Server) -> Iterator[Server]:
    """An empty database. What a test leaves in it must age out, and hold nobody's number."""
    redis_server.admin.flushdb()
    yield redis_server
    found = redis_server.everything()
    lasting = {name for name in found if redis_server.admin.ttl(name) == -1}
    unlisted = {n for n in lasting if not any(may.fullmatch(n) for may, _ in LASTING)}
    assert not unlisted, "keys without a time to live that are not on the list"
    for name, values in found.items():
        for raw in (name, *values):
            assert not _BENINESE.search(raw), f"a phone number lies in clear under {name!r}"


@pytest.fixture
async def store(redis: Server) -> AsyncIterator[Store]:
    """The store on an empty database, under fixed keys."""
    opened = await open_store(redis_url=redis.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY)
    yield opened
    await opened.close()
