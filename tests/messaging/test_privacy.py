"""A whole story with every log line written: no number, answer, text or key is in one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from gateway import logs
from gateway.api import keys
from gateway.messaging.acceptance import KeyKind
from gateway.workshop import Workshop
from tests.conftest import Server
from tests.messaging.town import QUICK, Handset
from tests.turns.serving import TOKEN, Agency, Phone, environ, gateway, listening

pytestmark = pytest.mark.anyio

NUMBER = "+2290197000093"  # nobody knows whether the first attempt arrived
NAME = "Dossou-Yovo"
CASE = "EC-778899"
MENUS = Path(__file__).parent / "data" / "private"


async def story(redis: Server, agency: Agency) -> str:
    """Dials, asks, follows; is written to, writes back, stops; the agency hears of it. Gives the
    agency's key."""
    handset = Handset()
    async with listening(agency.app) as behind:
        variables = environ(
            redis.url,
            behind,
            GATEWAY_MENUS=str(MENUS),
            MAIRIE_WEBHOOK=f"{behind}/nowhere",
            MAIRIE_SECRET="whsec_c2VjcmV0",
        )
        app = gateway(variables)
        async with (
            listening(app) as base,
            httpx2.AsyncClient(base_url=base, trust_env=False, timeout=30) as http,
        ):
            store = app.store
            assert store is not None
            _, token = await keys.create(store, "mairie", KeyKind.LIVE)
            bears = {"Authorization": f"Bearer {token}"}
            shop = Workshop(
                app.library, variables, app.metrics, pace=QUICK, demo=True, handset=handset
            )
            working = asyncio.create_task(shop.run(store))
            phone = Phone(http, base, number=NUMBER)
            await phone.dial()
            for typed in ("1", NAME, "1"):
                await phone.press(typed)
            texts = f"/callbacks/africastalking/{TOKEN}/sms"
            for number, text in enumerate((f"{NAME} {CASE}", "1", "AIDE", "STOP")):
                if text == "STOP":  # what still waits then would never reach her
                    await reached(handset, 4)
                form = {"from": NUMBER, "to": "8585", "text": text, "id": f"m{number}"}
                assert (await http.post(texts, data=form)).status_code == 200
            body = {"template": "guichet/pret", "to": NUMBER, "data": {"numero": CASE}}
            for changed in ({}, {"to": f"{NUMBER}9"}, {"data": {"numero": NAME * 9}}):
                await http.post("/v1/messages", json={**body, **changed}, headers=bears)
            await http.get("/v1/messages", params={"reference": CASE}, headers=bears)
            receipt = {"id": "ATXid_1", "status": f"Delivered to {NUMBER}"}
            await http.post(texts.replace("/sms", "/delivery-reports"), data=receipt)
            await http.post(
                "/v1/messages/batches?template=guichet/pret",
                content=f"to,numero\n{NUMBER},{CASE}\n{NAME},{CASE}\n",
                headers={**bears, "Content-Type": "text/csv"},
            )
            await reached(handset, 5)
            shop.worker.stop()
            await working
    return token


async def reached(handset: Handset, messages: int) -> None:
    async with asyncio.timeout(20):
        while len(handset.received) < messages:  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.02)


async def test_no_line_holds_anything_of_hers(
    redis: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug")
    agency = Agency()
    token = await story(redis, agency)
    written = capfd.readouterr()
    told = written.out + written.err
    assert "worker" in told or "webhook" in told
    assert "/callbacks/{provider}/{token}/sms" in told
    for private in (NUMBER[1:], NUMBER[4:], NUMBER[6:], NAME, CASE, "01 97", token, TOKEN):
        assert private not in told, f"a log line holds « {private[:3]}… »"
