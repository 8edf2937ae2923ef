"""Text messages when something fails inside: brought again, and answered once."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from gateway import logs
from gateway.app import Gateway
from gateway.events import IncomingSms
from gateway.providers import dialects
from gateway.store.embedded import Embedded
from tests.conftest import Server
from tests.turns.serving import NUMBER, TOKEN, Agency, environ, gateway, listening
from tests.turns.texting import Texter, received

pytestmark = pytest.mark.anyio

KEYS = "\n0. Retour\n00. Accueil"
NAME = f"Votre nom ?{KEYS}"
CONFIRM = f"Demander pour Kossi ?\n1. Oui\n2. Non{KEYS}"
END = "Dossier Kossi-0001. Un SMS suivra."
HERS = ("97000001", "Kossi", "4821", TOKEN)


async def test_what_is_not_saved_is_not_taken_and_then_answered_once(
    tmp_path: Path, agency: Agency, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug")
    embedded = Embedded(tmp_path / "elsewhere")
    embedded.attach()
    try:
        async with listening(agency.app) as back_end:
            app = gateway(environ(f"unix://{embedded.socket()}", back_end))
            async with (
                listening(app) as base,
                httpx2.AsyncClient(trust_env=False, timeout=30) as http,
            ):
                hers = Texter(http, base, app)
                await hers.text("ACTE 1")
                await hers.text("Kossi")
                with Redis(unix_socket_path=str(embedded.socket())) as admin:
                    os.kill(int(admin.info("server")["process_id"]), signal.SIGKILL)
                hers.last |= {"text": "1", "id": "once"}
                assert await hers.bring() == 503
                embedded.socket()  # starts it again
                for _ in range(500):
                    if await hers.bring() == 200:
                        break
                    await asyncio.sleep(0.02)
                assert await hers.bring() == 200
                replies = await hers.replies()
                assert [order.body["text"] for order in replies][-1] == END
                assert len(replies) == 3
                assert received(app, "refused") >= 1
    finally:
        embedded.leave()
    assert list(agency.keys.values()) == [1]
    written = capfd.readouterr()
    for secret in HERS:
        assert secret not in written.err + written.out


async def test_who_dies_midway_leaves_the_same_key_for_the_next(
    hers: Texter, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The back end was called, and nothing saved: it is called again under the same key."""
    await hers.text("ACTE 1")
    await hers.text("Kossi")

    async def dying(*_: object, **__: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.messages.keep", dying)
        hers.last |= {"text": "1", "id": "once"}
        assert await hers.bring() == 503
    assert await hers.bring() == 200
    assert list(agency.keys.values()) == [2]
    assert (await hers.replies())[-1].body["text"] == END


async def test_a_fault_of_ours_is_told_once(
    hers: Texter, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug")
    await hers.text("ACTE 1")

    def failing(*_: object) -> object:
        raise ValueError(f"cannot serve {NUMBER}: Kossi")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.sms.turn", failing)
        assert await hers.text("Kossi") == (
            "Un problème est survenu. Renvoyez votre message plus tard."
        )
    assert await hers.bring() == 200
    assert await hers.text("Kossi") == CONFIRM
    written = capfd.readouterr()
    events = [json.loads(line)["event"] for line in written.err.splitlines()]
    assert "sms-failed" in events
    for secret in HERS:
        assert secret not in written.err + written.out


async def test_a_step_that_takes_too_long_is_waited_for_by_the_provider(
    hers: Texter, app: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hers.text("bonjour")
    store = app.store
    assert store is not None
    citizen = store.names.citizen(NUMBER)
    held = await store.sessions.load(citizen, bytes(16), lease=30)
    assert held.claim is not None
    monkeypatch.setattr("gateway.turns.sms.ANSWER", 0.7)
    hers.last |= {"text": "1", "id": "late"}
    assert await hers.bring() == 503
    await store.sessions.release(citizen, held.claim)
    assert await hers.bring() == 200
    assert (await hers.replies())[-1].body["text"] == NAME


async def test_who_is_slower_than_the_lease_reads_it_anew(
    hers: Texter, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both copies called the back end, under one key; what follows is done and told once."""
    await hers.text("ACTE 1")
    await hers.text("Kossi")
    agency.seconds = 0.3
    hers.last |= {"text": "1", "id": "slow"}
    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.messages.LEASE", 0.05)
        slow = asyncio.create_task(hers.bring())
        while not agency.keys:  # noqa: ASYNC110 (a call over HTTP, not an event of ours)
            await asyncio.sleep(0.005)
    assert await hers.bring() == 200
    assert await slow == 200
    assert list(agency.keys.values()) == [2]
    assert [order.body["text"] for order in await hers.replies()] == [NAME, CONFIRM, END]


async def test_what_comes_before_the_store_is_open_is_not_taken(hers: Texter, app: Gateway) -> None:
    await hers.text("bonjour")
    store, app.texts.store = app.texts.store, None
    hers.last |= {"text": "1", "id": "early"}
    assert await hers.bring() == 503
    app.texts.store = store
    assert await hers.bring() == 200
    assert (await hers.replies())[-1].body["text"] == NAME


async def test_a_turn_that_is_stopped_lets_the_next_one_in(
    hers: Texter, app: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is told to stop midway: nothing is kept, and nobody waits for the lease."""
    await hers.text("ACTE 1")
    begun = asyncio.Event()

    async def hanging(*_: object, **__: object) -> object:
        begun.set()
        return await asyncio.get_running_loop().create_future()

    message = IncomingSms("africastalking", "stopped", NUMBER, "8585", "Kossi")
    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.calls.Calls.run", hanging)
        task = asyncio.create_task(app.texts.receive(message))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await app.texts.receive(message)
    assert (await hers.replies())[-1].body["text"] == CONFIRM


async def test_what_cannot_be_read_by_a_fault_of_ours_is_not_taken(
    redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(body: bytes, content_type: str, country: str) -> Sequence[IncomingSms]:
        raise KeyError(NUMBER)

    broken = replace(dialects["africastalking"], read_sms=failing)
    monkeypatch.setattr("gateway.callbacks.dialects", {"africastalking": broken})
    app = gateway(environ(redis.url, "http://127.0.0.1:9"))
    async with listening(app) as base, httpx2.AsyncClient(trust_env=False) as http:
        address = f"{base}/callbacks/africastalking/{TOKEN}/sms"
        assert (await http.post(address, data={"from": NUMBER})).status_code == 503
