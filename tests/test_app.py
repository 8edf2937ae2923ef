"""The application around the turns: addresses, readiness, metrics, menus taken up anew."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, MutableMapping
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.app import Gateway, create_app
from gateway.errors import MenuError, SettingsError, StoreUnavailable, StoreUnfit
from gateway.logs import configure
from gateway.menu.loading import Loaded
from gateway.settings import read
from gateway.store import Store
from tests.conftest import Server
from tests.turns.serving import MENUS, NUMBER, TOKEN, Phone, environ, gateway, listening

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:9"
METRICS = "metrique-0123456789abcdef"


@pytest.fixture
def menus(tmp_path: Path) -> Path:
    return shutil.copytree(MENUS, tmp_path / "menus")


@pytest.fixture
def app(redis: Server, menus: Path) -> Gateway:
    return gateway(
        environ(redis.url, NOWHERE, GATEWAY_MENUS=str(menus), GATEWAY_METRICS_TOKEN=METRICS)
    )


@pytest.fixture
async def http(app: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    async with (
        listening(app) as base,
        httpx2.AsyncClient(base_url=base, trust_env=False, timeout=10) as client,
    ):
        yield client


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


# ---- addresses -----------------------------------------------------------------------

GOOD = {"phoneNumber": NUMBER, "serviceCode": "*229#", "text": "", "sessionId": "ATUid_1"}


async def test_the_address_with_its_token_answers(http: httpx2.AsyncClient) -> None:
    answer = await http.post(f"/callbacks/africastalking/{TOKEN}/ussd", data=GOOD)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("CON Guichet")


WRONG = [
    "/callbacks/africastalking/un-autre-jeton-0123456789/ussd",
    f"/callbacks/africastalking/{TOKEN}x/ussd",
    f"/callbacks/africastalking/{TOKEN[:-1]}/ussd",
    f"/callbacks/africastalking/{TOKEN.upper()}/ussd",
    "/callbacks/africastalking//ussd",
    "/callbacks/africastalking/%C3%A9%ff/ussd",
    f"/callbacks/nobody/{TOKEN}/ussd",
    f"/callbacks/africastalking/{TOKEN}/nothing",
    f"/callbacks/africastalking/{TOKEN}",
    f"/callbacks/africastalking/{TOKEN}/ussd/",
    f"/callbacks/africastalking/{TOKEN}/ussd/more",
    "/callbacks/",
    "/callbacks",
    "/nothing",
]


async def test_whatever_is_wrong_in_an_address_looks_the_same(http: httpx2.AsyncClient) -> None:
    """Who guesses learns nothing: not that the provider exists, nor that a token was near."""
    for path in WRONG:
        for method in ("GET", "POST"):
            answer = await http.request(method, path, data=GOOD if method == "POST" else None)
            assert answer.status_code == 404, path
            assert answer.text == "Not Found"
            assert dict(answer.headers) == {
                "content-type": "text/plain; charset=utf-8",
                "content-length": "9",
            }


async def test_an_address_takes_nothing_but_a_post(http: httpx2.AsyncClient) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        answer = await http.request(method, f"/callbacks/africastalking/{TOKEN}/ussd", params=GOOD)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


async def test_while_a_token_is_changed_both_are_good(redis: Server) -> None:
    variables = environ(redis.url, NOWHERE, GATEWAY_CALLBACK_TOKEN=f"{'n' * 24},{TOKEN}")
    async with listening(gateway(variables)) as base, httpx2.AsyncClient(trust_env=False) as http:
        for token in ("n" * 24, TOKEN):
            address = f"{base}/callbacks/africastalking/{token}/ussd"
            assert (await http.post(address, data=GOOD)).status_code == 200


async def test_a_large_body_is_not_read(http: httpx2.AsyncClient) -> None:
    """Neither one that says its length, nor one in pieces that does not."""
    address = f"/callbacks/africastalking/{TOKEN}/ussd"

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 20_000

    form = {"content-type": "application/x-www-form-urlencoded"}
    told = await http.post(address, content=b"text=" + b"x" * 300_000, headers=form)
    untold = await http.post(address, content=pieces(), headers=form)
    assert (told.status_code, untold.status_code) == (413, 413)


async def test_a_body_in_pieces_is_put_together(http: httpx2.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"phoneNumber=%2B22901970", b"00001&serviceCode=*229%23", b"&sessionId=s1"):
            yield piece

    answer = await http.post(
        f"/callbacks/africastalking/{TOKEN}/ussd",
        content=pieces(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.text.startswith("CON Guichet")


async def test_ended_sessions_are_counted(http: httpx2.AsyncClient) -> None:
    address = f"/callbacks/africastalking/{TOKEN}/ussd-events"
    event = {"sessionId": "ATUid_1", "phoneNumber": NUMBER, "status": "Incomplete", "input": "1*2"}
    assert (await http.post(address, data=event)).status_code == 200
    assert (await http.post(address, data={})).status_code == 200
    assert (await http.post(address, json=event)).status_code == 415
    page = (await http.get("/metrics")).text
    assert (
        'gateway_ussd_sessions_ended_total{ending="incomplete",provider="africastalking"} 1.0'
        in page
    )


# ---- the operator's pages --------------------------------------------------------------


async def test_it_is_well_and_ready(http: httpx2.AsyncClient, app: Gateway) -> None:
    assert (await http.get("/healthz")).text == "ok"
    answer = await http.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert told["ready"] is True
    assert told["menus"] == app.library.current.hash
    assert told["redis"] == "answers"
    assert told["durability"]


async def test_metrics_count_and_name_nobody(http: httpx2.AsyncClient) -> None:
    address = f"/callbacks/africastalking/{TOKEN}/ussd"
    await http.post(address, data=GOOD)
    await http.post(address, data=GOOD)
    await http.post(address, data={**GOOD, "phoneNumber": ""})
    page = (await http.get("/metrics")).text
    for result in ("page", "repeat", "malformed"):
        assert (
            f'gateway_ussd_steps_total{{provider="africastalking",result="{result}"}} 1.0' in page
        )
    assert "gateway_ussd_step_seconds_bucket" in page
    for hers in (NUMBER[1:], "ATUid_1", TOKEN):
        assert hers not in page


async def test_metrics_say_whether_citizens_are_served(http: httpx2.AsyncClient) -> None:
    """Without anybody having looked at /readyz before."""
    assert "\ngateway_ready 1.0" in (await http.get("/metrics")).text


async def test_metrics_are_for_this_machine_or_a_token(http: httpx2.AsyncClient) -> None:
    async def status(**headers: str) -> int:
        answer = await http.get(
            "/metrics", headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return answer.status_code

    assert await status() == 200
    assert await status(x_forwarded_for="41.85.0.1") == 404
    assert await status(forwarded="for=41.85.0.1") == 404
    assert await status(x_real_ip="41.85.0.1", authorization=f"Bearer {METRICS}") == 200
    assert await status(x_real_ip="41.85.0.1", authorization=f"Basic {METRICS}") == 404
    assert await status(x_real_ip="41.85.0.1", authorization=f"Bearer {METRICS}x") == 404


async def test_pages_of_others_are_served_beside_ours(redis: Server) -> None:
    async def hello(_request: Request) -> Response:
        return PlainTextResponse("bonjour")

    variables = environ(redis.url, NOWHERE)
    app = create_app(read(variables), variables, extra_routes=[Route("/bonjour", hello)])
    async with listening(app) as base, httpx2.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{base}/bonjour")).text == "bonjour"
        assert (await http.get(f"{base}/healthz")).text == "ok"


# ---- menus -----------------------------------------------------------------------------


def _rewrite(menus: Path, old: str, new: str) -> None:
    service = menus / "guichet.yaml"
    service.write_text(service.read_text("utf-8").replace(old, new), "utf-8")


async def test_a_signal_takes_new_menus_up(
    http: httpx2.AsyncClient, app: Gateway, menus: Path
) -> None:
    """A conversation that began before goes on as it began; a new one is of the new menus."""
    before = app.library.current.hash
    begun = Phone(http, str(http.base_url).rstrip("/"))
    await begun.dial()
    _rewrite(menus, "De 8 h à 16 h.", "De 9 h à 17 h.")
    os.kill(os.getpid(), signal.SIGHUP)
    await _until(lambda: app.library.current.hash != before)
    assert await begun.press("3") == "END De 8 h à 16 h."
    later = Phone(http, begun.base, session="ATUid_2")
    await later.dial()
    assert await later.press("3") == "END De 9 h à 17 h."
    assert (await http.get("/readyz")).json()["menus"] == app.library.current.hash


async def test_translations_that_are_gone_leave_the_last_good_menus(
    redis: Server, menus: Path
) -> None:
    """As while a deployment moves its folders; menus that never had any are taken up."""
    locales = menus.parent / "locales"
    app = gateway(environ(redis.url, NOWHERE, GATEWAY_MENUS=str(menus)))
    _rewrite(menus, "De 8 h à 16 h.", "De 9 h à 17 h.")
    assert await app.reload() is True
    shutil.copytree(MENUS.parents[3] / "locales", locales)
    _rewrite(menus, "De 9 h à 17 h.", "De 7 h à 15 h.")
    assert await app.reload() is True
    before = app.library.current.hash
    locales.rename(menus.parent / "elsewhere")
    assert await app.reload() is False
    assert app.library.current.hash == before
    (menus.parent / "elsewhere").rename(locales)
    assert await app.reload() is True
    await app.backends.close()


async def test_an_undone_mistake_is_heard_of(redis: Server, menus: Path) -> None:
    heard: list[str | None] = []

    def tell(loaded: Loaded) -> None:
        heard.append(None if loaded.program is None else loaded.program.hash)

    variables = environ(redis.url, NOWHERE, GATEWAY_MENUS=str(menus))
    app = create_app(read(variables), variables, tell=tell)
    first = app.library.current.hash
    _rewrite(menus, "Heures: heures", "Heures: heurs")
    await app.reload()
    await app.reload()
    _rewrite(menus, "Heures: heurs", "Heures: heures")
    await app.reload()
    await app.reload()
    assert heard == [None, first]
    await app.backends.close()


async def test_wrong_menus_leave_the_last_good_ones(
    http: httpx2.AsyncClient, app: Gateway, menus: Path
) -> None:
    before = app.library.current.hash
    _rewrite(menus, "Heures: heures", "Heures: heurs")
    assert await app.reload() is False
    assert app.library.current.hash == before
    phone = Phone(http, str(http.base_url).rstrip("/"))
    assert (await phone.dial()).startswith("CON Guichet")
    assert 'gateway_menu_reloads_total{result="refused"} 1.0' in (await http.get("/metrics")).text


async def test_a_site_that_lacks_a_variable_leaves_the_last_good_one(
    http: httpx2.AsyncClient, app: Gateway, menus: Path
) -> None:
    before = app.library.current.hash
    site = menus / "site.yaml"
    site.write_text(site.read_text("utf-8").replace("MAIRIE_URL", "MAIRIE_NEUVE"), "utf-8")
    assert await app.reload() is False
    assert await app.reload() is False
    assert app.library.current.hash == before
    assert (await http.get("/readyz")).json()["menus"] == before


async def test_unchanged_menus_are_no_work(app: Gateway) -> None:
    before = app.library.current
    assert await app.reload() is True
    assert app.library.current is before


async def test_under_a_demo_menus_are_taken_up_on_saving(redis: Server, menus: Path) -> None:
    variables = environ(redis.url, NOWHERE, GATEWAY_MENUS=str(menus))
    app = create_app(read(variables), variables, watch=True)
    async with listening(app):
        before = app.library.current.hash
        # Until the watch stands, a change goes unseen: one is made again and again.
        for number in range(200):
            _rewrite(menus, "title: Guichet", f"title: Guichet\n# {number}")
            await asyncio.sleep(0.05)
            if app.library.current.hash != before:
                break
        assert app.library.current.hash != before


async def test_a_redis_of_another_installation_is_not_started_with(
    redis: Server, http: httpx2.AsyncClient
) -> None:
    """The line says which setting it is, and everything is closed again."""
    assert (await http.get("/readyz")).status_code == 200
    app = gateway(environ(redis.url, NOWHERE, GATEWAY_NAME_KEY="0c" * 32))
    said = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    await app({"type": "lifespan"}, receive, send)
    (failed,) = said
    assert failed["type"] == "lifespan.startup.failed"
    assert "GATEWAY_NAME_KEY" in failed["message"]
    assert app.store is None


async def test_why_there_is_no_redis_is_told_once_and_shown(
    redis: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Every second it is tried; only another reason is another line."""
    configure("info")
    monkeypatch.setattr("gateway.app.REDIS_PAUSE", 0.01)
    reasons = iter(["damaged", "damaged", "damaged", "no room"])
    tried: list[str] = []

    async def opening(**_given: object) -> Store:
        tried.append(next(reasons, "no room"))
        raise StoreUnavailable(tried[-1])

    monkeypatch.setattr("gateway.settings.open_store", opening)
    app = gateway(environ(redis.url, NOWHERE))
    async with listening(app) as base, httpx2.AsyncClient(trust_env=False) as http:
        await _until(lambda: len(tried) > 6)
        answer = await http.get(f"{base}/readyz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "no room"
    lines = [line for line in capfd.readouterr().err.splitlines() if '"store-away"' in line]
    assert [json.loads(line)["reason"] for line in lines] == ["damaged", "no room"]


async def test_a_damaged_file_of_the_embedded_server_is_explained(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure("info")
    files = tmp_path / "appendonlydir"
    files.mkdir(parents=True)
    (files / "appendonly.aof.manifest").write_text("nonsense\n")
    for name in ("secret-keys", "name-key"):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text("0a" * 32)
    variables = environ("", NOWHERE, GATEWAY_DATA=str(tmp_path))
    async with listening(gateway(variables)) as base, httpx2.AsyncClient(trust_env=False) as http:
        told = (await http.get(f"{base}/readyz")).json()
    assert "the embedded server" in told["redis"]
    assert "manifest" in told["redis"]
    assert "manifest" in capfd.readouterr().err


async def test_a_redis_that_turns_out_unfit_ends_the_process(
    redis: Server, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was away at the start; now that it is there, it would keep nothing."""
    assert (await http.get("/readyz")).status_code == 200
    ended: list[int] = []
    monkeypatch.setattr("gateway.app.REDIS_PAUSE", 0.01)
    monkeypatch.setattr("gateway.app.signal.raise_signal", ended.append)
    opening = AsyncMock(side_effect=[StoreUnavailable("away"), StoreUnfit("it would lose data")])
    monkeypatch.setattr("gateway.settings.open_store", opening)
    async with listening(gateway(environ(redis.url, NOWHERE))):
        await _until(lambda: bool(ended))
    assert ended == [signal.SIGTERM]


def test_wrong_menus_are_not_started_with(redis: Server, menus: Path) -> None:
    _rewrite(menus, "Heures: heures", "Heures: heurs")
    with pytest.raises(MenuError, match=r"guichet.yaml:\d+:\d+: error unknown-target: "):
        gateway(environ(redis.url, NOWHERE, GATEWAY_MENUS=str(menus)))


def test_a_site_that_lacks_a_variable_is_not_started_with(redis: Server) -> None:
    variables = environ(redis.url, NOWHERE)
    del variables["MAIRIE_URL"]
    with pytest.raises(SettingsError, match="MAIRIE_URL"):
        gateway(variables)
