"""Infobip's sessions over real HTTP: the port is not shaped like the first provider's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from gateway.app import Gateway
from tests.turns.serving import NUMBER, TOKEN, Agency, Phone

pytestmark = pytest.mark.anyio

HOME = "Guichet\n1. Demander un acte\n2. Ouvrir le coffre\n3. Heures"


@dataclass
class Session:
    """One session, as Infobip carries it."""

    phone: Phone
    id: str = "s-1"
    more: dict[str, Any] = field(default_factory=dict)

    async def send(self, last: str, text: str | None, method: str = "POST") -> httpx2.Response:
        return await self.phone.http.request(
            method,
            f"{self.phone.base}/callbacks/infobip/{TOKEN}/ussd/session/{self.id}/{last}",
            json={
                "msisdn": NUMBER[1:],
                "imsi": "616030123456789",
                "shortCode": "*229#",
                "ussdGwId": "61603",
                "text": text,
                **self.more,
            },
        )

    async def page(self, last: str, text: str | None = None) -> tuple[str, bool]:
        answer = await self.send(last, text)
        assert answer.status_code == 200
        told = answer.json()
        assert told["responseExitCode"] == 200
        return told["ussdMenu"], told["shouldClose"]


async def test_a_citizen_is_served(phone: Phone, agency: Agency) -> None:
    session = Session(phone)
    assert await session.page("start") == (HOME, False)
    assert (await session.page("response", "1"))[0].startswith("Votre nom ?")
    assert (await session.page("response", "Kossi"))[0].startswith("Demander pour Kossi ?")
    assert await session.page("response", "1") == ("Dossier Kossi-0001. Un SMS suivra.", True)
    assert agency.bodies == [{"nom": "Kossi"}]
    ended = await session.send("end", None, "PUT")
    assert ended.json() == {"responseExitCode": 200, "responseMessage": ""}


async def test_a_session_is_asked_for(phone: Phone) -> None:
    asked = await Session(phone).send("status", None, "GET")
    assert asked.json() == {
        "responseExitCode": 200,
        "responseMessage": "",
        "sessionActive": True,
    }


async def test_a_beginning_that_comes_twice_begins_once(phone: Phone) -> None:
    session = Session(phone)
    assert await session.page("start") == await session.page("start") == (HOME, False)
    assert (await session.page("response", "1"))[0].startswith("Votre nom ?")
    assert (await session.page("start"))[0].startswith("Votre nom ?")  # late: nothing changes


async def test_both_providers_serve_one_citizen(phone: Phone) -> None:
    """She began at one operator's aggregator and dials again through another's."""
    await phone.dial()
    await phone.press("1")
    assert (await Session(phone).page("start"))[0].startswith("Guichet : reprendre ?")


async def test_what_lacks_something_is_answered_politely(phone: Phone) -> None:
    session = Session(phone, more={"msisdn": "inconnu"})
    text, closes = await session.page("start")
    assert text.startswith("Un problème")
    assert closes


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{TOKEN}/ussd/status", 200),
        ("POST", f"{TOKEN}/ussd/session/1/start", 415),
        ("GET", f"{TOKEN}/ussd/session/1/start", 405),
        ("POST", f"{TOKEN}/ussd/session/1/end", 405),
        ("POST", f"{TOKEN}/ussd", 404),
        ("POST", f"{TOKEN}/ussd/session/1/more", 404),
        ("POST", f"{TOKEN}/ussd-events", 404),
        ("POST", f"{TOKEN}/opt-outs", 404),
        ("GET", "jeton-de-personne-0123456789/ussd/status", 404),
    ],
)
async def test_other_addresses(phone: Phone, method: str, path: str, status: int) -> None:
    answer = await phone.http.request(
        method, f"{phone.base}/callbacks/infobip/{path}", headers={"Content-Type": "text/xml"}
    )
    assert answer.status_code == status


async def test_receipts_and_opt_outs_are_taken(phone: Phone, app: Gateway) -> None:
    base = f"{phone.base}/callbacks/africastalking/{TOKEN}"
    assert app.store is not None
    citizen = app.store.names.citizen(NUMBER)
    receipt = {"id": "ATXid_1", "status": "Success"}
    assert (await phone.http.post(f"{base}/delivery-reports", data=receipt)).status_code == 200
    opted_out = {"senderId": "8585", "phoneNumber": NUMBER}
    assert (await phone.http.post(f"{base}/opt-outs", data=opted_out)).status_code == 200
    assert await app.store.optouts.stopped(citizen, "8585")
    assert await app.store.provider_ids.attach("africastalking", "ATXid_1", "m") == [b"delivered "]


async def test_receipts_are_brought_again_while_redis_is_away(phone: Phone, app: Gateway) -> None:
    store, app._receipts.store = app._receipts.store, None
    receipt = {"id": "ATXid_1", "status": "Success"}
    address = f"{phone.base}/callbacks/africastalking/{TOKEN}/delivery-reports"
    assert (await phone.http.post(address, data=receipt)).status_code == 503
    app._receipts.store = store
    assert (await phone.http.post(address, data=receipt)).status_code == 200
