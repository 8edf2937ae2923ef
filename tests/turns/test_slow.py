"""Slow back ends: she is asked to wait, and what was asked is done once, whoever dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.app import Gateway
from gateway.backends import Backends
from gateway.centre.forgetting import forget
from gateway.events import OutgoingSms
from gateway.messaging.pace import Pace
from gateway.turns import calls, late, ussd
from gateway.workshop import Workshop
from tests.conftest import Server
from tests.turns.serving import Phone, environ, gateway, listening
from tests.turns.texting import Texter

pytestmark = pytest.mark.anyio

MENUS = Path(__file__).parent / "data" / "slow"
WAIT = "CON Un instant, la réponse tarde.\n1. Continuer"
WAIT_SMS = "CON Un instant, la réponse tarde. Elle vous arrive par SMS.\n1. Continuer"
QUICK = Pace(lease=5.0, first_pause=0.02, busy=0.002, idle=0.005, away=0.05, upkeep=0.05, drain=2)


@dataclass
class Office:
    """An agency that does each Idempotency-Key once. `seconds` is how long it takes to say so."""

    seconds: float = 0.0
    asked: Counter[str] = field(default_factory=Counter)
    done: list[str] = field(default_factory=list)
    correlations: list[str] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def app(self) -> Starlette:
        routes = [Route(path, self.answer, methods=["POST"]) for path in ("/demandes", "/coffres")]
        return Starlette(routes=routes)

    async def answer(self, request: Request) -> Response:
        key = request.headers["Idempotency-Key"]
        self.asked[key] += 1
        self.correlations.append(request.headers["Correlation-Id"])
        if key not in self.done:
            self.done.append(key)
        number = self.done.index(key) + 1
        self.heard.set()
        await asyncio.sleep(self.seconds)
        return JSONResponse({"numero": f"EC-{number}"})


@dataclass
class Town:
    app: Gateway
    office: Office
    phone: Phone
    variables: dict[str, str]
    received: list[OutgoingSms] = field(default_factory=list)

    async def arrives(self, sms: OutgoingSms) -> None:
        self.received.append(sms)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker, a process of its own but for its menus and its store."""
        shop = Workshop(
            self.app.library,
            self.variables,
            self.app.metrics,
            pace=QUICK,
            demo=True,
            handset=self.arrives,
        )
        assert self.app.store is not None
        task = asyncio.create_task(shop.run(self.app.store))
        yield
        shop.worker.stop()
        await task

    async def reached(self, messages: int) -> None:
        async with asyncio.timeout(20):
            while len(self.received) < messages:  # noqa: ASYNC110 - the worker's doing
                await asyncio.sleep(0.02)


@pytest.fixture
async def town(redis: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """Where a screen waits for a fifth of a second at most."""
    monkeypatch.setattr(ussd, "CALLS", 0.2)
    monkeypatch.setattr("gateway.turns.sms.CALLS", 0.2)
    monkeypatch.setattr(late, "GRACE", 0.3)
    monkeypatch.setattr(late, "AGAIN", 0.05)
    office = Office(seconds=0.6)
    async with listening(office.app) as behind:
        variables = environ(redis.url, behind, GATEWAY_MENUS=str(MENUS))
        app = gateway(variables)
        async with (
            listening(app) as base,
            httpx2.AsyncClient(base_url=base, trust_env=False, timeout=30) as http,
        ):
            yield Town(app, office, Phone(http, base), variables)


async def test_she_waits_and_goes_on(town: Town) -> None:
    await town.phone.dial()
    assert await town.phone.press("1") == WAIT
    shown = WAIT
    pressed = 0
    while shown == WAIT:  # each press waits for as long as a screen may
        shown = await town.phone.press("1")
        pressed += 1
    assert shown == "END Dossier EC-1."
    assert pressed <= 4
    assert list(town.office.asked.values()) == [1]


async def test_a_repeat_of_the_key_press_does_nothing_twice(town: Town) -> None:
    await town.phone.dial()
    await town.phone.press("1")
    await asyncio.sleep(0.6)  # the answer is there
    twins = await asyncio.gather(town.phone.press("1"), town.phone.send())
    assert set(twins) == {"END Dossier EC-1."}
    assert await town.phone.send() == "END Dossier EC-1."
    assert list(town.office.asked.values()) == [1]


async def test_after_a_cut_the_outcome_is_shown(town: Town) -> None:
    await town.phone.dial()
    assert await town.phone.press("1") == WAIT
    await asyncio.sleep(0.6)
    assert "reprendre ?" in await town.phone.dial(session="ATUid_2")
    assert await town.phone.press("1") == "END Dossier EC-1."
    assert list(town.office.asked.values()) == [1]


async def test_what_took_a_secret_is_shown_without_asking_for_it_again(town: Town) -> None:
    await town.phone.dial()
    await town.phone.press("2")
    assert await town.phone.press("4821") == WAIT
    await town.phone.dial(session="ATUid_2")
    shown = await town.phone.press("1")  # still under way
    while shown == WAIT:
        shown = await town.phone.press("1")
    assert shown == "END Coffre EC-1 ouvert."
    assert list(town.office.asked.values()) == [1]


async def test_where_nobody_is_at_it_any_more_the_secret_is_asked_again(
    town: Town, redis: Server
) -> None:
    await town.phone.dial()
    await town.phone.press("2")
    assert await town.phone.press("4821") == WAIT
    await asyncio.sleep(0.6)
    for name in redis.everything():
        if b":w:" in name:
            redis.admin.delete(name)  # as if its process had been killed
    await town.phone.dial(session="ATUid_2")
    assert "Votre code secret ?" in await town.phone.press("1")
    town.office.seconds = 0.0
    assert await town.phone.press("4821") == "END Coffre EC-1 ouvert."
    assert list(town.office.asked.values()) == [2]  # under the same key
    assert len(town.office.done) == 1


async def test_who_is_forgotten_meanwhile_leaves_no_answer(town: Town, redis: Server) -> None:
    await town.phone.dial()
    assert await town.phone.press("1") == WAIT
    store = town.app.store
    assert store is not None
    await forget(store, town.phone.number, country="BJ", by="terminal")
    await asyncio.sleep(0.8)  # its answer has come
    assert not [name for name in redis.everything() if b":w:" in name]
    assert "Guichet" in await town.phone.dial(session="ATUid_2")


async def test_what_fails_in_the_end_takes_its_way_and_can_be_tried_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.phone.dial()
    town.office.seconds = 30
    monkeypatch.setattr(town.app.backends, "patience", lambda operation: 0.5)
    assert await town.phone.press("1") == WAIT
    await asyncio.sleep(0.4)
    shown = await town.phone.press("1")
    while shown == WAIT:
        shown = await town.phone.press("1")
    assert shown == "END Service coupé."


async def test_beyond_what_a_process_can_hold_it_is_unavailable(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MOST", 0)
    await town.phone.dial()
    assert await town.phone.press("1") == "END Service coupé."


async def test_who_no_longer_waits_gets_it_by_sms_once(town: Town) -> None:
    async with town.working():
        await town.phone.dial()
        assert await town.phone.press("3") == WAIT_SMS
        await town.reached(1)
        await asyncio.sleep(0.3)
    assert [sms.text for sms in town.received] == ["Envoi EC-1."]
    assert list(town.office.asked.values()) == [1]
    assert "Guichet" in await town.phone.dial(session="ATUid_2")


async def test_who_asks_for_it_herself_gets_no_sms(town: Town) -> None:
    async with town.working():
        await town.phone.dial()
        assert await town.phone.press("3") == WAIT_SMS
        await asyncio.sleep(0.5)
        shown = await town.phone.press("1")
        assert shown == "END Envoi EC-1."
        await asyncio.sleep(0.8)
    assert town.received == []


async def test_a_worker_calls_again_where_the_process_was_killed(town: Town, redis: Server) -> None:
    await town.phone.dial()
    assert await town.phone.press("3") == WAIT_SMS
    await asyncio.sleep(0.6)
    for name in redis.everything():
        if b":w:" in name:
            redis.admin.delete(name)
    town.office.seconds = 0.0
    async with town.working():
        await town.reached(1)
    assert [sms.text for sms in town.received] == ["Envoi EC-1."]
    assert list(town.office.asked.values()) == [2]
    assert len(town.office.done) == 1
    assert all(town.office.correlations)  # the worker's calls are found in the log too


async def test_what_came_to_nothing_is_waited_for_and_brought_anew(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same key, since nobody knows whether it was done."""
    patience = Backends.patience
    monkeypatch.setattr(Backends, "patience", lambda self, operation: 0.4)
    town.office.seconds = 30
    texter = Texter(town.phone.http, town.phone.base, town.app)
    async with town.working():
        await town.phone.dial()
        assert await town.phone.press("3") == WAIT_SMS
        await town.reached(1)
        monkeypatch.setattr(Backends, "patience", patience)
        town.office.seconds = 0.6
        await asyncio.sleep(1.0)  # one wait is told from another by its second
        form = {"from": texter.number, "to": "8585", "text": "1", "id": "m-1"}
        await texter.bring(**form)
        await town.reached(3)
    assert [sms.text.partition("\n")[0] for sms in town.received] == [
        "Pas de réponse.",
        "Un instant, la réponse tarde. Elle vous arrive par SMS.",
        "Envoi EC-1.",
    ]
    assert list(town.office.asked.values()) == [2]
    assert len(town.office.done) == 1


async def test_by_sms_the_answer_comes_by_itself(town: Town) -> None:
    texter = Texter(town.phone.http, town.phone.base, town.app)
    assert "Guichet" in str(await texter.text("MENU"))
    assert await texter.text("1") == "Un instant, la réponse tarde. Elle vous arrive par SMS."
    async with town.working():
        await town.reached(3)
    assert town.received[-1].text == "Dossier EC-1."
    assert list(town.office.asked.values()) == [1]


# ---- a real process, killed ----------------------------------------------------------------


@asynccontextmanager
async def serving(variables: dict[str, str], port: int) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "serve"),
        env={**os.environ, **variables, "PORT": str(port), "GATEWAY_LOG_LEVEL": "error"},
    )
    try:
        async with asyncio.timeout(30), httpx2.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    if (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.mark.parametrize("waits", [False, True], ids=["before the wait", "while she waits"])
async def test_a_process_that_is_killed_between_call_and_answer(redis: Server, waits: bool) -> None:
    office = Office(seconds=6.0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    async with listening(office.app) as behind:
        variables = environ(redis.url, behind, GATEWAY_MENUS=str(MENUS))
        base = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
            phone = Phone(http, base)
            async with serving(variables, port) as process:
                await phone.dial()
                asked = asyncio.create_task(phone.press("1"))
                await office.heard.wait()
                if waits:
                    assert await asked == WAIT
                process.send_signal(signal.SIGKILL)
                await process.wait()
                if not waits:
                    with pytest.raises(httpx2.TransportError):
                        await asked
            office.seconds = 0.0
            async with serving(variables, port):
                shown = await (phone.press("1") if waits else phone.send())
                while shown == WAIT:  # the dead one's claim took most of this screen's time
                    shown = await phone.press("1")
    assert shown == "END Dossier EC-1."
    assert list(office.asked.values()) == [2]  # the same Idempotency-Key, done once
    assert len(office.done) == 1
