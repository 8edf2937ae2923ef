"""An agency's system that misbehaves, over real HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway.demo import modes
from gateway.demo.agency import AGENCIES, agency
from gateway.demo.modes import Mode, Modes
from tests.demo.conftest import TOKENS, Clock, Counter
from tests.demo.serving import served

pytestmark = pytest.mark.anyio

REQUEST = {
    "npi": "1234567890",
    "acte": "naissance",
    "commune": "cotonou",
    "copies": 2,
    "secret": "4826",
}


class Choosing(Counter):
    """A citizen, and somebody at the agencies' page."""

    heard: list[tuple[str, Mode]]

    async def choose(self, name: str, mode: Mode) -> None:
        page = await self.client.get("/")
        token = page.text.partition('name="token" value="')[2].partition('"')[0]
        origin = str(self.client.base_url).rstrip("/")
        reply = await self.client.post(
            f"/agencies/{name}",
            data={"token": token, "mode": mode},
            headers={"Origin": origin},
        )
        assert reply.status_code == 303


@pytest.fixture
async def choosing(tmp_path: Path, clock: Clock) -> AsyncIterator[Choosing]:
    heard: list[tuple[str, Mode]] = []
    app = agency(
        tmp_path / "agency.sqlite",
        TOKENS,
        clock=clock,
        heard=lambda name, mode: heard.append((name, mode)),
    )
    async with (
        served(app) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
    ):
        made = Choosing(client)
        made.heard = heard
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow agencies that a test can wait for."""
    monkeypatch.setattr(modes, "_SECONDS", {Mode.SLOW: 0.2, Mode.SLOWER: 0.3})


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("mode", "seconds"), [(Mode.SLOW, 0.2), (Mode.SLOWER, 0.3)])
async def test_a_slow_agency_takes_its_time_to_write_down_and_none_to_look_up(
    choosing: Choosing, mode: Mode, seconds: float
) -> None:
    await choosing.choose("anip", mode)
    began = time.monotonic()
    made = await choosing.post("/anip/demandes", REQUEST)
    assert made.status_code == 201
    assert time.monotonic() - began >= seconds
    assert len((await choosing.get("/anip/demandes")).json()) == 1


def test_how_slow_they_are() -> None:
    """Longer than a step of a call, shorter than what an operation that waits may take."""
    assert modes._SECONDS == {Mode.SLOW: 6.0, Mode.SLOWER: 8.0}


async def test_an_agency_that_hangs_lets_go_of_who_has_hung_up(choosing: Choosing) -> None:
    await choosing.choose("anip", Mode.HANGING)
    for _ in range(3):
        with pytest.raises(httpx2.ReadTimeout):
            await choosing.client.get(
                "/anip/demandes",
                headers={"Authorization": f"Bearer {TOKENS['anip']}"},
                timeout=0.1,
            )
    assert (await choosing.get("/travail/attestations")).status_code == 200
    for _ in range(200):
        if not hanging():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{hanging()} calls are still held")


def hanging() -> int:
    """Calls that the server still works on."""
    return sum("run_asgi" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_an_agency_that_is_down_says_so(choosing: Choosing) -> None:
    await choosing.choose("anip", Mode.FAILING)
    assert (await choosing.post("/anip/demandes", REQUEST)).status_code == 503
    await choosing.choose("anip", Mode.NORMAL)
    assert (await choosing.get("/anip/demandes")).json() == [], "nothing was done meanwhile"


async def test_a_page_for_people_instead_of_an_answer(choosing: Choosing) -> None:
    await choosing.choose("anip", Mode.HTML)
    reply = await choosing.get("/anip/demandes")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("text/html")


async def test_a_redirect_to_elsewhere(choosing: Choosing) -> None:
    await choosing.choose("anip", Mode.REDIRECT)
    reply = await choosing.get("/anip/demandes")
    assert (reply.status_code, reply.headers["Location"]) == (302, "https://ailleurs.example/")


async def test_a_connection_that_is_closed_without_an_answer(choosing: Choosing) -> None:
    await choosing.choose("anip", Mode.CLOSED)
    with pytest.raises(httpx2.RemoteProtocolError):
        await choosing.post("/anip/demandes", REQUEST)
    assert (await choosing.get("/travail/attestations")).status_code == 200


async def test_wrong_types_are_only_in_the_answer(choosing: Choosing) -> None:
    """What was asked was done: the same key has the right answer once the system is mended."""
    await choosing.choose("anip", Mode.WRONG_TYPES)
    bent = await choosing.post("/anip/demandes", REQUEST, key="same")
    assert bent.status_code == 201
    assert bent.json() == {"numero": ["EC-1044"], "mairie": ["Cotonou"]}
    assert (await choosing.get("/anip/demandes")).json().keys() == {"0"}
    await choosing.choose("anip", Mode.NORMAL)
    right = await choosing.post("/anip/demandes", REQUEST, key="same")
    assert right.json() == {"numero": "EC-1044", "mairie": "Cotonou"}


@pytest.mark.parametrize("content", [b"{}", b"[]", b'"text"', b"3", b'[{"a": 1}]'])
def test_every_answer_can_be_bent(content: bytes) -> None:
    assert modes.bent(content) != content


async def test_a_stranger_hears_the_same_as_ever(choosing: Choosing) -> None:
    await choosing.choose("anip", Mode.HTML)
    assert (await choosing.client.get("/anip/demandes")).status_code == 401


async def test_each_change_is_told_once(choosing: Choosing) -> None:
    for mode in (Mode.NORMAL, Mode.FAILING, Mode.FAILING, Mode.NORMAL):
        await choosing.choose("travail", mode)
    assert choosing.heard == [("travail", Mode.FAILING), ("travail", Mode.NORMAL)]


def test_a_mode_belongs_to_an_agency_that_there_is() -> None:
    with pytest.raises(KeyError):
        Modes(AGENCIES).choose("impots", Mode.HTML)
