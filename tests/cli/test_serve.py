"""`gateway serve` as a process: killed, found again, told to read its menus, stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
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
        found = re.search(r"running on (http://127\.0\.0\.1:\d+)", process.log.read_text())
        if found:
            return found[1]
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


def test_commands_are_files() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "serve" in result.output
    unknown = CliRunner().invoke(main, ["nothing"])
    assert unknown.exit_code == 2
    assert "No such command" in unknown.output
