"""`gateway demo`, started and stopped as by hand."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.cli.demo import _beside
from gateway.demo.modes import Mode
from tests.web.conftest import ROOT, Demo, awake, demo_of

QUIET = {Mode.NORMAL, Mode.SLOW, Mode.SLOWER}  # a lookup does not notice


def dial(url: str, session: str) -> str:
    """What the second test number sees when it dials, in French."""
    base = {"phone": "+2290197000002", "language": "fr"}
    httpx2.post(f"{url}/phone/language", json=base, trust_env=False)
    step = {
        "phone": "+2290197000002",
        "network": "61603",
        "code": "*229#",
        "session": session,
        "text": "",
    }
    page: str = httpx2.post(f"{url}/phone/step", json=step, trust_env=False).json()["text"]
    return page


def write(url: str, text: str) -> list[dict[str, Any]]:
    """What the second test number has got once its message was answered and delivered."""
    sent = {"phone": "+2290197000002", "text": text}
    assert httpx2.post(f"{url}/phone/text", json=sent, trust_env=False).status_code == 200
    for _ in range(200):
        reply = httpx2.get(f"{url}/phone/line", params={"phone": "+2290197000002"}, trust_env=False)
        found: list[dict[str, Any]] = reply.json()["messages"]
        if found[-1]["state"] == "delivered":
            return found
        time.sleep(0.05)
    raise AssertionError([one["state"] for one in found])


def test_it_starts_tells_what_to_try_and_stops_without_a_trace(tmp_path: Path) -> None:
    with demo_of(tmp_path / "data") as demo:
        assert "A phone in your browser" in demo.told
        assert "menus/" in demo.told
        command = demo.told[demo.told.index("curl ") :].split("\n\n")[0]
        reply = subprocess.run(
            ["sh", "-c", command.replace("curl ", "curl --noproxy '*' -s ")],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        assert reply.stdout.startswith("CON ")
        assert "Services publics" in dial(demo.url, "first")
        assert "/v1/messages" in demo.told
        answers = write(demo.url, "Menu")
        assert answers[-1]["state"] == "delivered"
        assert "Services publics" in answers[-1]["text"]
        redis = (tmp_path / "data" / "socket").read_text().strip()
        assert demo.stop() == 0
    with socket.socket(socket.AF_UNIX) as nobody, pytest.raises(OSError):  # noqa: PT011
        nobody.connect(redis)
    for kept in ("", "server.conf", "demo-agencies.sqlite"):
        assert (tmp_path / "data" / kept).stat().st_mode & 0o077 == 0


def test_a_saved_menu_is_taken_up_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "menus", tmp_path / "menus")
    shutil.copytree(ROOT / "locales", tmp_path / "locales")
    home = tmp_path / "menus" / "accueil.yaml"
    with demo_of(
        tmp_path / "data",
        GATEWAY_MENUS=str(tmp_path / "menus"),
        GATEWAY_LOCALES=str(tmp_path / "locales"),
    ) as demo:
        before = home.read_text("utf-8")
        home.write_text(
            before.replace("menu: Services publics", "menu: Guichet de Cotonou"), "utf-8"
        )
        demo.until("Menus taken up")
        assert "Guichet de Cotonou" in dial(demo.url, "edited")

        home.write_text(before.replace(": etat-civil", ": etat-civille"), "utf-8")
        told = demo.until("last good menus")
        assert "accueil.yaml:" in told
        assert "unknown-target" in told
        assert "etat-civil »?" in told
        assert "Guichet de Cotonou" in dial(demo.url, "wrong")

        home.write_text(
            before.replace("menu: Services publics", "menu: Guichet de Cotonou"), "utf-8"
        )
        demo.until("in order again")


def test_two_demos_take_two_ports(tmp_path: Path) -> None:
    with demo_of(tmp_path / "one") as one, demo_of(tmp_path / "two") as two:
        assert one.url != two.url
        assert "Services publics" in dial(one.url, "one")
        assert "Services publics" in dial(two.url, "two")


def test_a_port_that_was_asked_for_and_is_taken_is_a_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "demo"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(port), "GATEWAY_DATA": str(tmp_path / "data")},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert ended.returncode == 1
    assert f"port {port} is in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_data_that_the_agencies_cannot_open_are_named(tmp_path: Path) -> None:
    (tmp_path / "demo-agencies.sqlite").write_text("no database at all, " * 100)
    ended = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo"],
        cwd=ROOT,
        env={**os.environ, "GATEWAY_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 1
    assert "GATEWAY_DATA is wrong" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("GATEWAY_MENUS", "/nowhere/menus", "/nowhere/menus"),
        ("GATEWAY_CALLBACK_TOKEN", "short", "GATEWAY_CALLBACK_TOKEN"),
        ("PORT", "eighty", "PORT"),
        ("GATEWAY_HOST", "203.0.113.7", "GATEWAY_HOST"),
        ("GATEWAY_DATA", __file__, "GATEWAY_DATA"),
        ("GATEWAY_DATA", f"{__file__}/below", "GATEWAY_DATA"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, variable: str, value: str, named: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo"],
        cwd=ROOT,
        env={**os.environ, "GATEWAY_DATA": str(tmp_path / "data"), variable: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 1
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_case_that_she_follows_is_told_of_by_itself(tmp_path: Path) -> None:
    """Nobody presses anything: the agency's days pass, and its news arrive."""
    menus = awake(tmp_path / "menus")
    shutil.copytree(ROOT / "locales", tmp_path / "locales")
    with demo_of(tmp_path / "data", GATEWAY_MENUS=str(menus), GATEWAY_DEMO_DAY="2") as demo:
        follow(demo.url)
        for _ in range(400):
            texts = [one["text"] for one in line(demo.url, "+2290197000001")]
            if any("pret à Cotonou" in text for text in texts):
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"{len(texts)} messages, and none says that it is ready")
        assert sum("EC-1043" in text for text in texts) == 1
        assert demo.stop() == 0


def follow(url: str) -> None:
    """The first test number follows its request for an act of birth."""
    base = {"phone": "+2290197000001", "language": "fr"}
    httpx2.post(f"{url}/phone/language", json=base, trust_env=False)
    typed = {"phone": base["phone"], "network": "61603", "code": "*229*1#", "session": "follow"}
    for text in ("", "2", "2*1", "2*1*1"):
        step = httpx2.post(f"{url}/phone/step", json={**typed, "text": text}, trust_env=False)
    assert "EC-1043" in step.json()["text"]


def line(url: str, phone: str) -> list[dict[str, Any]]:
    found = httpx2.get(f"{url}/phone/line", params={"phone": phone}, trust_env=False)
    messages: list[dict[str, Any]] = found.json()["messages"]
    return messages


def test_the_agencies_are_beside_the_gateway_or_where_there_is_room(tmp_path: Path) -> None:
    told = re.compile(r"The agencies' counter +http://127\.0\.0\.1:(\d+)/")
    with demo_of(tmp_path / "one") as one:
        port = int(one.url.rpartition(":")[2])
        found = told.search(one.told)
        assert found is not None
        assert int(found[1]) == port + 1 or occupied(port + 1)
        page = httpx2.get(f"http://127.0.0.1:{found[1]}/", trust_env=False)
        assert "Guichet de l&#39;agence" in page.text
        assert f":{found[1]}/?lang=fr" in httpx2.get(f"{one.url}/", trust_env=False).text


def test_a_taken_port_beside_is_gone_round() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _beside(port - 1) as other:
            assert other.getsockname()[1] != port
    with _beside(65_535) as other:
        assert 0 < other.getsockname()[1] <= 65_535


def occupied(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("day", ["0", "soon"])
def test_a_day_that_is_none_is_named(tmp_path: Path, day: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo"],
        cwd=ROOT,
        env={**os.environ, "GATEWAY_DATA": str(tmp_path / "data"), "GATEWAY_DEMO_DAY": day},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 2
    assert "GATEWAY_DEMO_DAY" in ended.stderr or "--day" in ended.stderr


def test_news_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    """Killed right after the press of a button: the next one tells of it, once."""
    given = {"GATEWAY_MENUS": str(awake(tmp_path / "menus")), "GATEWAY_DEMO_DAY": "3600"}
    given["GATEWAY_LOCALES"] = str(ROOT / "locales")
    with demo_of(tmp_path / "data", **given) as demo:
        follow(demo.url)
        send(demo.told, "/cases/EC-1043", deed="advance", seen="en cours")
        demo.process.kill()
        demo.process.wait(20)
    with demo_of(tmp_path / "data", **given) as demo:
        for _ in range(200):
            texts = [one["text"] for one in line(demo.url, "+2290197000001")]
            if texts:
                break
            time.sleep(0.05)
        time.sleep(1)  # what came twice would have come by now
        texts = [one["text"] for one in line(demo.url, "+2290197000001")]
        assert [text for text in texts if "pret à Cotonou" in text] == texts
        assert len(texts) == 1
        assert demo.stop() == 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_of(tmp_path_factory.mktemp("misbehaving")) as running:
        yield running


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode not in QUIET])
def test_whatever_an_agency_does_she_gets_a_polite_page(demo: Demo, mode: Mode) -> None:
    """Mes demandes: the service centre answers in one of its bad ways, or not at all."""
    send(demo.told, "/agencies/service", mode=mode)
    base = {"phone": "+2290197000002", "language": "fr"}
    httpx2.post(f"{demo.url}/phone/language", json=base, trust_env=False)
    typed = {"phone": base["phone"], "network": "61603", "code": "*229*4#", "session": mode}
    for text in ("", "1"):
        step = {**typed, "text": text}
        reply = httpx2.post(f"{demo.url}/phone/step", json=step, trust_env=False, timeout=20)
    assert "ne répond pas" in reply.json()["text"]


def send(told: str, path: str, **fields: str) -> None:
    """A form of the agencies' page."""
    found = re.search(r"The agencies' counter +(http://\S+?)/", told)
    assert found is not None
    page = httpx2.get(f"{found[1]}/", trust_env=False).text
    token = page.partition('name="token" value="')[2].partition('"')[0]
    reply = httpx2.post(
        found[1] + path,
        data={"token": token, **fields},
        headers={"Origin": found[1]},
        trust_env=False,
    )
    assert reply.status_code == 303
