"""`gateway serve` as a process: killed, found again, told to read its menus, stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from redis import Redis

from gateway.cli import main
from gateway.store.embedded import Embedded

MENUS = Path(__file__).parents[1] / "turns" / "data" / "menus"
TOKEN = "jeton-de-test-0123456789abcdef"


@dataclass
class Process:
    """`gateway serve` on a port of its own."""

    popen: subprocess.Popen[bytes]
    base: str
    log: Path

    def ask(self, text: str, session: str = "ATUid_1") -> str:
        answer = httpx2.post(
            f"{self.base}/callbacks/africastalking/{TOKEN}/ussd",
            data={
                "phoneNumber": "+2290197000001",
                "serviceCode": "*229#",
                "text": text,
                "sessionId": session,
                "networkCode": "61603",
            },
            timeout=15,
            trust_env=False,
        )
        assert answer.status_code == 200
        return answer.text

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def ready(self) -> dict[str, object]:
        told: dict[str, object] = httpx2.get(f"{self.base}/readyz", trust_env=False).json()
        return told


def _environ(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "GATEWAY_DATA": str(folder / "var"),
        "GATEWAY_MENUS": str(MENUS),
        "GATEWAY_CALLBACK_TOKEN": TOKEN,
        "MAIRIE_URL": "http://127.0.0.1:9",
        "PORT": "0",  # any free one; the log says which
        **more,
    }


@contextmanager
def serving(folder: Path, **more: str) -> Iterator[Process]:
    descriptor, name = tempfile.mkstemp(prefix="log-", dir=folder)
    with open(descriptor, "wb") as errors:
        popen = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve"],
            env=_environ(folder, **more),
            stderr=errors,
        )
        process = Process(popen, "", Path(name))
        try:
            process.base = _address(process)
            _until_healthy(process)
            yield process
        finally:
            popen.terminate()
            try:
                popen.wait(20)
            except subprocess.TimeoutExpired:
                popen.kill()
                popen.wait()


def _address(process: Process) -> str:
    for _ in range(400):
        assert process.popen.poll() is None, process.log.read_text()
        found = re.search(r'"port":(\d+),"event":"listening"', process.log.read_text())
        if found:
            return f"http://127.0.0.1:{found[1]}"
        time.sleep(0.05)
    raise AssertionError(process.log.read_text())


def _until_healthy(process: Process) -> None:
    for _ in range(400):
        assert process.popen.poll() is None, process.log.read_text()
        try:
            if httpx2.get(f"{process.base}/readyz", trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(process.log.read_text())


def _kill_server(folder: Path) -> None:
    with Redis(unix_socket_path=str(Embedded(folder / "var").socket())) as admin:
        os.kill(int(admin.info("server")["process_id"]), signal.SIGKILL)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A deployment's folder; the server that a killed process left behind is stopped."""
    yield tmp_path
    if (tmp_path / "var").exists():
        embedded = Embedded(tmp_path / "var")
        embedded.attach()
        embedded.leave()


def test_a_killed_process_is_no_loss(folder: Path) -> None:
    """Its own death, and then its server's too: the next process finds every session."""
    with serving(folder) as first:
        assert first.ask("").startswith("CON Guichet")
        assert first.ask("1").startswith("CON Votre nom ?")
        first.kill()
    with serving(folder) as second:
        assert second.ask("1*Kossi").startswith("CON Demander pour Kossi ?")
        second.kill()
        _kill_server(folder)
    with serving(folder) as third:
        assert third.ask("1*Kossi").startswith("CON Demander pour Kossi ?")
        assert "reprendre" in third.ask("", "ATUid_2")


def test_two_processes_share_the_server_and_either_may_die(folder: Path) -> None:
    with serving(folder) as first, serving(folder) as second:
        assert first.ask("").startswith("CON Guichet")
        assert second.ask("1").startswith("CON Votre nom ?")
        first.kill()
        assert second.ask("1*Kossi").startswith("CON Demander pour Kossi ?")
        _kill_server(folder)
        _until_healthy(second)
        assert second.ask("1*Kossi*2").startswith("CON ")


def test_a_signal_has_all_workers_read_their_menus(folder: Path) -> None:
    menus = shutil.copytree(MENUS, folder / "menus")
    with serving(folder, GATEWAY_MENUS=str(menus), WEB_CONCURRENCY="2") as process:
        for _ in range(400):  # a process that starts later reads the new menus, and none anew
            if process.log.read_text().count('"event":"serving"') == 2:
                break
            time.sleep(0.05)
        before = process.ready()["menus"]
        service = menus / "guichet.yaml"
        service.write_text(
            service.read_text("utf-8").replace("De 8 h à 16 h.", "De 9 h à 17 h."), "utf-8"
        )
        process.popen.send_signal(signal.SIGHUP)
        for _ in range(400):
            if process.log.read_text().count('"result":"taken"') == 2:
                break
            time.sleep(0.05)
        after = {str(process.ready()["menus"]) for _ in range(10)}
        assert before not in after
        assert len(after) == 1
        process.ask("", "ATUid_9")
        assert process.ask("3", "ATUid_9") == "END De 9 h à 17 h."
        assert "Traceback" not in process.log.read_text()
        page = httpx2.get(f"{process.base}/metrics", trust_env=False).text
        assert 'gateway_menu_reloads_total{result="taken"} 2.0' in page


def test_what_is_missing_is_named() -> None:
    result = CliRunner().invoke(main, ["serve"], env={"GATEWAY_CALLBACK_TOKEN": "", "PORT": "x"})
    assert result.exit_code == 1
    assert "PORT is wrong: give a port number" in result.output
    assert "GATEWAY_CALLBACK_TOKEN is missing: give at least 24" in result.output


def test_a_redis_that_would_lose_data_is_refused_by_name(folder: Path) -> None:
    """The start says which setting, and does not serve."""
    embedded = Embedded(folder / "other")
    embedded.attach()
    try:
        url = f"unix://{embedded.socket()}"
        with Redis(unix_socket_path=str(embedded.socket())) as admin:
            admin.config_set("appendonly", "no")
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "serve"],
            env=_environ(
                folder,
                REDIS_URL=url,
                GATEWAY_SECRET_KEYS="0a" * 32,
                GATEWAY_NAME_KEY="0b" * 32,
            ),
            capture_output=True,
            timeout=30,
        )
    finally:
        embedded.leave()
    assert done.returncode != 0
    assert b"appendonly" in done.stderr
    assert b"Traceback" not in done.stderr


def _ended(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve"],
        env=_environ(folder, **more),
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_several_processes_that_cannot_start_are_a_failure_too(folder: Path) -> None:
    (folder / "file").touch()
    done = _ended(folder, WEB_CONCURRENCY="2", GATEWAY_DATA=str(folder / "file"))
    assert done.returncode == 3
    assert "GATEWAY_DATA" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_cannot_be_listened_on_is_named(folder: Path, workers: str) -> None:
    """Before anything is started: no data folder is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        in_use = _ended(folder, PORT=port, WEB_CONCURRENCY=workers)
    elsewhere = _ended(folder, GATEWAY_HOST="203.0.113.7", WEB_CONCURRENCY=workers)
    unknown = _ended(folder, GATEWAY_HOST="no.such.host.invalid", WEB_CONCURRENCY=workers)
    assert f"PORT is wrong: port {port} is in use" in in_use.stderr
    assert "GATEWAY_HOST is wrong" in elsewhere.stderr
    assert "GATEWAY_HOST is wrong" in unknown.stderr
    for done in (in_use, elsewhere, unknown):
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
    assert not (folder / "var").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_is_no_mishap(folder: Path, workers: str) -> None:
    with serving(folder, WEB_CONCURRENCY=workers) as process:
        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(20) == 0
        written = process.log.read_text()
    assert "Aborted" not in written
    assert "Traceback" not in written


def _workers(process: Process) -> list[int]:
    found = re.findall(r"Started server process \[(\d+)\]", process.log.read_text())
    return [int(pid) for pid in found]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
def test_processes_whose_parent_was_killed_end(folder: Path) -> None:
    """Nobody could stop them, nor take their port."""
    with serving(folder, WEB_CONCURRENCY="2") as process:
        for _ in range(400):
            if len(_workers(process)) == 2:
                break
            time.sleep(0.05)
        workers = _workers(process)
        assert len(workers) == 2
        assert all(map(_alive, workers))
        process.kill()
        for _ in range(400):
            if not any(map(_alive, workers)):
                break
            time.sleep(0.05)
        assert not any(map(_alive, workers))


def test_a_process_that_died_does_not_speak_for_readiness(folder: Path) -> None:
    """What it counted stays; another one is started in its place."""
    with serving(folder, WEB_CONCURRENCY="2") as process:
        for _ in range(400):
            if len(_workers(process)) == 2:
                break
            time.sleep(0.05)
        assert process.ask("").startswith("CON Guichet")
        for _ in range(6):
            httpx2.get(f"{process.base}/metrics", trust_env=False)
        os.kill(_workers(process)[0], signal.SIGKILL)
        for _ in range(400):
            if len(_workers(process)) == 3:
                break
            time.sleep(0.05)
        _until_healthy(process)
        page = httpx2.get(f"{process.base}/metrics", trust_env=False).text
    assert "\ngateway_ready 1.0" in page
    assert 'gateway_ussd_steps_total{provider="africastalking",result="page"} 1.0' in page


def test_commands_are_files() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "serve" in result.output
    unknown = CliRunner().invoke(main, ["nothing"])
    assert unknown.exit_code == 2
    assert "No such command" in unknown.output
