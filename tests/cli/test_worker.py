"""`gateway worker` as a process, beside `gateway serve`: sends, reads menus anew, stops."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx2
import pytest

from gateway.store.embedded import Embedded
from tests.cli.test_serve import TOKEN, Process, serving

MENUS = Path(__file__).parents[1] / "messaging" / "data" / "menus"
NUMBER = "+2290197000001"


@dataclass
class Provider:
    """What Africa's Talking would be: takes each message. `heard` are their fields."""

    base: str = ""
    heard: list[dict[str, list[str]]] = field(default_factory=list)


@pytest.fixture
def provider() -> Iterator[Provider]:
    fake = Provider()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            fake.heard.append(parse_qs(self.rfile.read(length).decode()))
            taken = {
                "statusCode": 101,
                "number": NUMBER,
                "status": "Success",
                "cost": "XOF 12.0",
                "messageId": f"ATXid_{len(fake.heard)}",
            }
            told = {"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [taken]}}
            body = json.dumps(told).encode()
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        fake.base = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A deployment's folder, with menus that send through Africa's Talking alone."""
    menus = shutil.copytree(MENUS, tmp_path / "menus")
    site = menus / "site.yaml"
    said = re.sub(r"  providers: .*", "  providers: [africastalking]", site.read_text("utf-8"))
    site.write_text(said, "utf-8")
    yield tmp_path
    if (tmp_path / "var").exists():
        embedded = Embedded(tmp_path / "var")
        embedded.attach()
        embedded.leave()


def environ(folder: Path, provider: Provider, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "GATEWAY_DATA": str(folder / "var"),
        "GATEWAY_MENUS": str(folder / "menus"),
        "MAIRIE_URL": "http://127.0.0.1:9",
        "MAIRIE_WEBHOOK": "http://127.0.0.1:9/hooks",
        "MAIRIE_SECRET": "whsec_c2VjcmV0",
        "AT_USERNAME": "gov-bj",
        "AT_API_KEY": "made-up-key",
        "AT_BASE_URL": provider.base,
        **more,
    }


def serving_town(folder: Path) -> AbstractContextManager[Process]:
    return serving(
        folder,
        GATEWAY_MENUS=str(folder / "menus"),
        MAIRIE_WEBHOOK="http://127.0.0.1:9/hooks",
        MAIRIE_SECRET="whsec_c2VjcmV0",
    )


@dataclass
class Worker:
    popen: subprocess.Popen[bytes]
    base: str
    log: Path

    def until(self, holds: Callable[[], object]) -> None:
        for _ in range(400):
            if holds():
                return
            assert self.popen.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def told(self, text: str) -> None:
        self.until(lambda: text in self.log.read_text())


@contextmanager
def working(folder: Path, provider: Provider) -> Iterator[Worker]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / f"worker-{port}.log"
    with log.open("wb") as errors:
        popen = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "worker"],
            env=environ(folder, provider, GATEWAY_WORKER_PORT=str(port)),
            stderr=errors,
        )
        worker = Worker(popen, f"http://127.0.0.1:{port}", log)
        try:
            worker.told('"event":"working"')
            yield worker
        finally:
            popen.terminate()
            try:
                popen.wait(30)
            except subprocess.TimeoutExpired:
                popen.kill()
                popen.wait()


def once(
    folder: Path, provider: Provider, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", "worker", *arguments],
        env=environ(folder, provider, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def text(base: str, message: str, name: str) -> None:
    """What the provider delivers of hers."""
    reply = httpx2.post(
        f"{base}/callbacks/africastalking/{TOKEN}/sms",
        data={"from": NUMBER, "to": "8585", "text": message, "id": name, "date": "2026-03-16"},
        timeout=15,
        trust_env=False,
    )
    assert reply.status_code == 200, reply.text


def get(url: str) -> httpx2.Response | None:
    try:
        return httpx2.get(url, trust_env=False)
    except httpx2.TransportError:
        return None


def test_it_sends_what_was_accepted_and_tells_how_it_is(folder: Path, provider: Provider) -> None:
    with serving_town(folder) as web, working(folder, provider) as worker:
        text(web.base, "Menu", "one")
        worker.until(lambda: provider.heard)
        (sent,) = provider.heard
        assert sent["to"] == [NUMBER]
        assert sent["from"] == ["8585"]
        assert "1. Demander" in sent["message"][0]

        worker.until(lambda: (ready := get(f"{worker.base}/readyz")) and ready.status_code == 200)
        ready = httpx2.get(f"{worker.base}/readyz", trust_env=False).json()
        assert ready["menus"] == web.ready()["menus"]
        assert httpx2.get(f"{worker.base}/healthz", trust_env=False).status_code == 200
        page = httpx2.get(f"{worker.base}/metrics", trust_env=False).text
        assert 'gateway_sms_attempts_total{fate="sent",provider="africastalking"} 1.0' in page

        worker.popen.send_signal(signal.SIGTERM)
        assert worker.popen.wait(30) == 0
        assert web.popen.poll() is None
        told = worker.log.read_text()
    assert '"event":"worker-stopped"' in told
    assert "Traceback" not in told
    for hers in ("0197000001", "Demander", "made-up-key"):
        assert hers not in told


def test_a_signal_has_it_read_its_menus(folder: Path, provider: Provider) -> None:
    with working(folder, provider) as worker:
        service = folder / "menus" / "guichet.yaml"
        good = service.read_text("utf-8")
        service.write_text(good.replace("end: Dossier", "end: Votre dossier"), "utf-8")
        worker.popen.send_signal(signal.SIGHUP)
        worker.told('"result":"taken"')
        service.write_text("flow: {", "utf-8")
        worker.popen.send_signal(signal.SIGHUP)
        worker.told('"result":"refused"')
        assert worker.popen.poll() is None


def test_a_signal_does_not_end_it_while_redis_is_away(folder: Path, provider: Provider) -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:9/0"}
    keys = {"GATEWAY_SECRET_KEYS": "ab" * 32, "GATEWAY_NAME_KEY": "cd" * 32}
    log = folder / "worker.log"
    with log.open("wb") as errors:
        popen = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "worker"],
            env=environ(folder, provider, **away, **keys),
            stderr=errors,
        )
    worker = Worker(popen, "", log)
    try:
        worker.told('"event":"store-away"')
        popen.send_signal(signal.SIGHUP)
        worker.told('"event":"menus-read"')
        assert popen.poll() is None
    finally:
        popen.terminate()
        popen.wait(30)


def test_a_port_that_is_taken_is_told_in_one_line(folder: Path, provider: Provider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = once(folder, provider, GATEWAY_WORKER_PORT=str(port))
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "GATEWAY_WORKER_PORT is wrong" in line
    assert str(port) in line


def test_what_waited_is_sent_by_whoever_comes_next(folder: Path, provider: Provider) -> None:
    """Accepted without a worker; one that drains sends it and ends by itself."""
    with serving_town(folder) as web:
        text(web.base, "Menu", "one")
        assert provider.heard == []
        done = once(folder, provider, "--drain")
        assert done.returncode == 0, done.stderr
        assert len(provider.heard) == 1
        assert once(folder, provider, "--drain").returncode == 0
        assert len(provider.heard) == 1


@pytest.mark.parametrize(
    "variable",
    ["AT_USERNAME", "AT_API_KEY", "MAIRIE_SECRET", "MAIRIE_WEBHOOK"],
)
def test_a_missing_setting_is_named_in_one_line(
    folder: Path, provider: Provider, variable: str
) -> None:
    done = once(folder, provider, **{variable: ""})
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert variable in line
    assert not (folder / "var").exists()


def test_menus_that_cannot_be_served_are_told(folder: Path, provider: Provider) -> None:
    (folder / "menus" / "guichet.yaml").write_text("flow: {", "utf-8")
    done = once(folder, provider)
    assert done.returncode == 1
    assert "gateway check" in done.stderr
    assert "Traceback" not in done.stderr
