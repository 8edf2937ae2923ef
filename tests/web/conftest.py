"""The demo as it is started by hand, and a browser in front of it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

ROOT = Path(__file__).parents[2]

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Demo:
    """A running `gateway demo`. `told` is what it printed when it was up."""

    process: subprocess.Popen[str]
    url: str
    told: str

    def until(self, text: str) -> str:
        """Reads on what it prints, up to the line that holds `text`."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                return "".join(lines)
        raise AssertionError(f"it ended without « {text} »:\n{''.join(lines)}")

    def stop(self) -> int:
        """Ctrl-C; gives the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def demo_of(data: Path, **environ: str) -> Iterator[Demo]:
    """`gateway demo` on its own data folder; both of its streams are read as one."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"GATEWAY_|REDIS_URL$|PORT$", name)
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "demo"],
        cwd=ROOT,
        env={**clean, "GATEWAY_DATA": str(data), "PYTHONUNBUFFERED": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    demo = Demo(process, "", "")
    try:
        demo.told = demo.until("Ctrl-C")
        found = re.search(r"http://\S+:\d+(?=/)", demo.told)
        assert found is not None
        demo.url = found[0]
        yield demo
    finally:
        if process.poll() is None:
            demo.stop()
        assert process.stdout is not None
        process.stdout.close()


def awake(folder: Path) -> Path:
    """The shipped menus, without their quiet hours: a test runs at night too."""
    shutil.copytree(ROOT / "menus", folder)
    site = folder / "site.yaml"
    text = site.read_text("utf-8")
    assert "  quiet: " in text
    site.write_text(re.sub(r"(?m)^  quiet: .*\n", "", text), "utf-8")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_of(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def forgotten(demo: Demo) -> None:
    """Both test numbers are new to the counter; their messages stay."""
    for phone in ("+2290197000001", "+2290197000002"):
        reply = httpx2.post(
            f"{demo.url}/phone/language", json={"phone": phone, "language": None}, trust_env=False
        )
        assert reply.status_code == 200


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path is not None), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module of tests: while it is open, no test of another one could run a loop."""
    path = chromium()
    if path is None:
        if os.environ.get("GATEWAY_REQUIRE_BROWSER") == "1":
            pytest.fail("GATEWAY_REQUIRE_BROWSER=1, and there is no Chromium on the path")
        pytest.skip("there is no Chromium on the path (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = launch(playwright, path)
        yield browser
        browser.close()


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, headless=True, args=list(_FLAGS))
