"""The page's routes: what they let through, and that it goes the way of the real callback."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.api.first import first_messages
from gateway.app import Gateway, create_app
from gateway.demo.agency import AGENCIES, agency, environment
from gateway.settings import read
from gateway.web.phone import LINES, RESERVED, Phone
from gateway.web.words import WORDS
from gateway.workshop import Workshop
from tests.conftest import NAME_KEY, SECRET_KEY, Server
from tests.messaging.town import QUICK
from tests.turns.serving import listening
from tests.web.conftest import ROOT

pytestmark = pytest.mark.anyio

TOKEN = "jeton-de-test-0123456789abcdef"
FIRST, SECOND = (phone for phone, _ in LINES)


@dataclass
class Visitor:
    """A browser without a screen."""

    http: httpx2.AsyncClient
    gateway: Gateway
    base: str

    async def step(self, **changed: Any) -> httpx2.Response:
        step = {
            "phone": FIRST,
            "network": "61603",
            "code": "*229#",
            "session": "s1",
            "text": "",
            **changed,
        }
        return await self.http.post(f"{self.base}/phone/step", json=step)

    async def choose(self, phone: str, language: object) -> httpx2.Response:
        return await self.http.post(
            f"{self.base}/phone/language", json={"phone": phone, "language": language}
        )

    async def line(self, phone: str) -> Any:
        reply = await self.http.get(f"{self.base}/phone/line", params={"phone": phone})
        return reply.json()

    async def text(self, phone: object, text: object) -> httpx2.Response:
        return await self.http.post(f"{self.base}/phone/text", json={"phone": phone, "text": text})

    async def messages(self, phone: str, number: int) -> list[dict[str, Any]]:
        """Once there are so many, and what became of them is known."""
        for _ in range(1000):
            found: list[dict[str, Any]] = (await self.line(phone))["messages"]
            settled = all(one["state"] in (None, "delivered") for one in found)
            if len(found) == number and settled:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError([(one["mine"], one["state"]) for one in found])


@pytest.fixture
async def visitor(redis: Server, tmp_path: Path) -> AsyncIterator[Visitor]:
    tokens = {name: f"made-up-{name}" for name in AGENCIES}
    environ = {
        **environment("http://127.0.0.1:9", tokens),
        "REDIS_URL": redis.url,
        "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
        "GATEWAY_NAME_KEY": NAME_KEY.hex(),
        "GATEWAY_CALLBACK_TOKEN": TOKEN,
        "GATEWAY_MENUS": str(ROOT / "menus"),
        "GATEWAY_LOCALES": str(ROOT / "locales"),
        "GATEWAY_DRAFTS": "1",
    }
    phone = Phone(TOKEN, "menus/accueil.yaml")
    offices = agency(tmp_path / "agency.sqlite", tokens)
    app = create_app(
        read(environ, needs_token=True),
        environ,
        extra_routes=phone.routes(),
        http=httpx2.ASGITransport(app=offices),
    )
    phone.counter = app
    async with (
        offices.router.lifespan_context(offices),
        listening(app) as base,
        httpx2.AsyncClient(trust_env=False, timeout=30) as http,
    ):
        workshop = Workshop(
            app.library,
            environ,
            app.metrics,
            pace=QUICK,
            demo=True,
            handset=phone.handset,
        )
        assert app.store is not None
        working = asyncio.create_task(workshop.run(app.store))
        yield Visitor(http, app, base)
        workshop.worker.stop()
        await working


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_page_holds_nothing_from_elsewhere(visitor: Visitor, language: str) -> None:
    """No inline script or style, no other host: what the policy would forbid is not even there."""
    reply = await visitor.http.get(f"{visitor.base}/", params={"lang": language})
    assert reply.status_code == 200
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    page = reply.text
    assert f'<html lang="{language}">' in page
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page)
    linked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(link.startswith(("/", "#")) for link in linked)
    for link in linked:
        if link.startswith("/static/"):
            static = await visitor.http.get(visitor.base + link)
            assert static.status_code == 200
            assert "http://" not in static.text.replace("http://www.w3.org/2000/svg", "")


async def test_every_word_of_the_page_is_there_in_both_languages() -> None:
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    for words in WORDS.values():
        assert all(words.values())


async def test_the_page_names_codes_operators_and_languages_of_the_site(visitor: Visitor) -> None:
    page = (await visitor.http.get(f"{visitor.base}/")).text
    site = visitor.gateway.library.current.site
    for code in site.codes:
        assert f'data-dial="{code}"' in page
    for operator in site.operators.values():
        assert f">{operator.name}</option>" in page
    for code in site.offered:
        assert f">{site.languages[code].name}</option>" in page


async def test_the_curl_of_the_page_is_the_real_callback(visitor: Visitor) -> None:
    page = (await visitor.http.get(f"{visitor.base}/")).text
    found = re.search(r"curl (\S+/ussd)", page)
    assert found is not None
    reply = await visitor.http.post(
        found[1],
        data={"sessionId": "x", "phoneNumber": FIRST, "serviceCode": "*229#", "text": ""},
    )
    assert reply.text.startswith("CON Votre langue ?")


async def test_through_a_tunnel_the_token_is_not_told(visitor: Visitor) -> None:
    for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"):
        page = await visitor.http.get(f"{visitor.base}/", headers={name: "192.0.2.7"})
        assert page.status_code == 200
        assert TOKEN not in page.text


async def test_a_step_speaks_the_providers_dialect(visitor: Visitor) -> None:
    reply = (await visitor.step()).json()
    assert reply["received"] == "CON " + reply["text"]
    assert "phoneNumber=%2B2290197000001" in reply["sent"]
    assert "serviceCode=%2A229%23" in reply["sent"]
    assert (reply["ends"], reply["encoding"], reply["budget"]) == (False, "gsm7", 160)
    assert 0 < reply["units"] <= 160
    assert (await visitor.step(network="61602")).json()["budget"] == 140


async def test_a_whole_request_brings_its_message_to_that_phone_alone(visitor: Visitor) -> None:
    await visitor.choose(FIRST, "fr")
    text = ""
    for answer in ("1", "1", "1234567890", "1", "coto", "1", "2", "1", "4826"):
        await visitor.step(text=text)
        text = f"{text}*{answer}" if text else answer
    last = (await visitor.step(text=text)).json()
    number = re.search(r"EC-\d{4}", last["text"])
    assert number is not None
    (message,) = await visitor.messages(FIRST, 1)
    assert number[0] in message["text"]
    assert (message["sender"], message["parts"], message["encoding"]) == ("8585", 1, "gsm7")
    assert 0 < message["units"] <= 160
    assert [entered["state"] for entered in message["history"]][-2:] == ["sent", "delivered"]
    assert (await visitor.line(SECOND))["messages"] == []
    assert "4826" not in last["sent"]
    assert "*1*••••*".replace("*", "%2A") in last["sent"]


async def test_a_story_by_text_message(visitor: Visitor) -> None:
    """Language, menu, a stop word, and the way back: each answered on that phone."""
    said = []
    for number, text in enumerate(("Menu", "1", "Arret", "Reprendre"), 1):
        assert (await visitor.text(FIRST, text)).status_code == 200
        messages = await visitor.messages(FIRST, 2 * number)
        assert (messages[-2]["mine"], messages[-2]["text"]) == (True, text)
        assert (messages[-1]["mine"], messages[-1]["sender"]) == (False, "8585")
        said.append(messages[-1]["text"])
    assert said[0].startswith("Votre langue ?")
    assert said[1].startswith("Services publics")
    assert "plus de SMS du 8585" in said[2]
    assert "de nouveau les SMS" in said[3]
    assert (await visitor.line(SECOND))["messages"] == []


async def test_what_an_agency_sends_follows_her_stop_word(visitor: Visitor) -> None:
    """The demo's own curl: it arrives, not after STOP, and again after START."""
    store, program = visitor.gateway.store, visitor.gateway.library.current
    assert store is not None
    told = await first_messages(store, program, visitor.base, SECOND)
    found = re.search(r"Bearer (\S+)'.* -d '(.+)'$", told["anip"])
    assert found is not None
    path, headers = f"{visitor.base}/v1/messages", {"Authorization": f"Bearer {found[1]}"}
    wanted = json.loads(found[2])
    states = []
    for number, (word, data) in enumerate(
        (("Aide", "EC-1001"), ("Stop", "EC-1002"), ("Start", "EC-1003"))
    ):
        await visitor.text(SECOND, word)
        await visitor.messages(SECOND, (2, 5, 7)[number])
        wanted["data"]["numero"] = data
        reply = await visitor.http.post(path, json=wanted, headers=headers)
        states.append(reply.json()["status"])
        await visitor.messages(SECOND, (3, 5, 8)[number])
    assert states == ["queued", "suppressed", "queued"]
    texts = [one["text"] for one in (await visitor.line(SECOND))["messages"]]
    assert any("EC-1001" in text for text in texts)
    assert not any("EC-1002" in text for text in texts)
    assert "EC-1003" in texts[-1]


@pytest.mark.parametrize(
    ("phone", "text"),
    [
        ("+2290195123456", "Menu"),
        (None, "Menu"),
        (FIRST, None),
        (FIRST, " "),
        (FIRST, ["Menu"]),
        (FIRST, "a" * 481),
    ],
)
async def test_only_a_message_of_a_reserved_number_is_sent(
    visitor: Visitor, phone: object, text: object
) -> None:
    assert (await visitor.text(phone, text)).status_code == 400
    assert (await visitor.line(FIRST))["messages"] == []


async def test_half_a_character_is_refused(visitor: Visitor) -> None:
    reply = await visitor.http.post(
        f"{visitor.base}/phone/text",
        content=b'{"phone": "%s", "text": "\\ud800"}' % FIRST.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert reply.status_code == 400


async def test_a_language_is_remembered_and_all_is_forgotten(visitor: Visitor) -> None:
    assert (await visitor.choose(FIRST, "en")).status_code == 200
    assert (await visitor.line(FIRST))["language"] == "en"
    assert "Public services" in (await visitor.step()).json()["text"]
    await visitor.choose(FIRST, None)
    assert (await visitor.line(FIRST))["language"] is None
    assert "Votre langue" in (await visitor.step(session="s2")).json()["text"]


@pytest.mark.parametrize(
    "changed",
    [
        {"phone": "+2290195123456"},
        {"phone": "+22901970000011"},
        {"phone": None},
        {"phone": ["+2290197000001"]},
        {"code": "javascript:"},
        {"code": ""},
        {"network": "a b"},
        {"session": "x\r\ny"},
        {"session": "x" * 65},
        {"text": None},
        {"text": "1" * 20_000},
    ],
)
async def test_nothing_but_a_reserved_number_gets_through(
    visitor: Visitor, changed: dict[str, Any]
) -> None:
    assert (await visitor.step(**changed)).status_code == 400


async def test_another_citizens_line_stays_closed(visitor: Visitor) -> None:
    for phone in ("+2290195123456", "", "x"):
        path = f"{visitor.base}/phone/line"
        assert (await visitor.http.get(path, params={"phone": phone})).status_code == 400
    assert (await visitor.choose("+2290195123456", "fr")).status_code == 400
    assert (await visitor.choose(FIRST, "klingon")).status_code == 400
    assert (await visitor.choose(FIRST, ["fr"])).status_code == 400


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"[" * 60_000, "application/json"),
        (b'"\xff"', "application/json"),
        (b" " * 70_000, "application/json"),
        (json.dumps({"phone": FIRST}).encode(), "text/plain"),
        (b"phone=1", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_json_object_is_refused(visitor: Visitor, body: bytes, media: str) -> None:
    reply = await visitor.http.post(
        f"{visitor.base}/phone/step", content=body, headers={"Content-Type": media}
    )
    assert reply.status_code == 400


async def test_another_page_cannot_dial(visitor: Visitor) -> None:
    """A site that the engineer happens to visit must not reach his demo."""
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        reply = await visitor.http.post(
            f"{visitor.base}/phone/language",
            json={"phone": FIRST, "language": "fr"},
            headers={"Origin": origin},
        )
        assert reply.status_code == 403
    same = await visitor.http.post(
        f"{visitor.base}/phone/language",
        json={"phone": FIRST, "language": "fr"},
        headers={"Origin": visitor.base},
    )
    assert same.status_code == 200


async def test_a_store_that_is_away_is_said_so(visitor: Visitor) -> None:
    store, visitor.gateway.turns.store = visitor.gateway.turns.store, None
    try:
        assert (await visitor.choose(FIRST, "fr")).status_code == 503
        assert (await visitor.text(FIRST, "Menu")).status_code == 503
        reply = (await visitor.step()).json()
        assert reply["ends"] is True
    finally:
        visitor.gateway.turns.store = store


async def test_without_a_demo_there_is_no_page(redis: Server) -> None:
    environ = {
        **environment("http://127.0.0.1:9", dict.fromkeys(AGENCIES, "made-up")),
        "REDIS_URL": redis.url,
        "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
        "GATEWAY_NAME_KEY": NAME_KEY.hex(),
        "GATEWAY_CALLBACK_TOKEN": TOKEN,
        "GATEWAY_MENUS": str(ROOT / "menus"),
        "GATEWAY_LOCALES": str(ROOT / "locales"),
    }
    async with (
        listening(create_app(read(environ, needs_token=True), environ)) as base,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        for path in ("/", "/phone/step", "/phone/text", "/phone/line", "/static/page.js"):
            assert (await http.get(base + path)).status_code == 404


def test_reserved_numbers_are_a_hundred() -> None:
    assert RESERVED.fullmatch(FIRST)
    assert RESERVED.fullmatch(SECOND)
    assert not RESERVED.fullmatch(FIRST + "0")
    assert not RESERVED.fullmatch(FIRST + "\n")
