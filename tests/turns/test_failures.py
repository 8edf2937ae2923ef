"""Whatever fails inside: a polite last page, a line in the log, and nothing of hers in it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from redis import Redis

from gateway import logs
from gateway.app import Gateway
from gateway.store.embedded import Embedded
from tests.conftest import Server
from tests.turns.serving import (
    MENUS,
    NUMBER,
    TOKEN,
    Agency,
    Phone,
    environ,
    gateway,
    listening,
)

pytestmark = pytest.mark.anyio

TROUBLE = "END Un problème est survenu. Merci de rappeler dans quelques minutes."
HERS = ("97000001", "Kossi", "4821", TOKEN, "ATUid_1", "jeton")


@pytest.fixture(autouse=True)
def _logging() -> None:
    logs.configure("debug")


def _lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log so far, after a look that nothing of a citizen is in it."""
    written = capfd.readouterr()
    for hers in HERS:
        assert hers not in written.err
        assert hers not in written.out
    return [json.loads(line) for line in written.err.splitlines()]


def _events(lines: list[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in lines]


async def _to_confirm(phone: Phone) -> None:
    await phone.dial()
    await phone.press("1")
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")


async def test_a_good_call_leaves_nothing_of_hers(
    phone: Phone, agency: Agency, capfd: pytest.CaptureFixture[str]
) -> None:
    await _to_confirm(phone)
    await phone.press("1")
    await phone.dial(session="ATUid_1b")
    await phone.press("2")
    await phone.press("4821")
    lines = _lines(capfd)
    routes = {line["route"] for line in lines if line["event"] == "access"}
    assert routes == {"/callbacks/{provider}/{token}/ussd"}
    (call,) = (line for line in lines if line["event"] == "backend")
    assert agency.correlations == [call["correlation"]]
    joined = [line for line in lines if line["correlation"] == call["correlation"]]
    assert _events(joined) == ["backend", "access"]


async def test_a_fault_of_ours_ends_politely_and_is_forgotten(
    phone: Phone, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request finds the conversation as it was, and free."""
    await _to_confirm(phone)

    def failing(*_: object) -> object:
        raise ValueError(f"cannot serve {NUMBER}: Kossi")

    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.ussd.turn", failing)
        assert await phone.press("1") == TROUBLE
    assert await phone.send() == "END Dossier Kossi-0001. Un SMS suivra."
    lines = _lines(capfd)
    (failed,) = (line for line in lines if line["event"] == "ussd-failed")
    assert failed["error"] == "ValueError"
    assert any("turns/ussd.py" in frame for frame in failed["where"])
    assert failed["correlation"]


async def test_a_fault_while_a_request_is_read_ends_politely(
    phone: Phone, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> object:
        raise KeyError(NUMBER)

    with monkeypatch.context() as patch:
        patch.setattr("gateway.providers.africastalking.fields.canonical", failing)
        assert await phone.dial() == TROUBLE
    assert "callback-failed" in _events(_lines(capfd))


async def test_back_ends_that_fail_leave_nothing_of_hers(
    phone: Phone, agency: Agency, capfd: pytest.CaptureFixture[str]
) -> None:
    for number, says in enumerate(("nonsense", "broken")):
        agency.says = says
        await _to_confirm(replace(phone, session=f"ATUid_1{number}"))
        await phone.dial(session=f"ATUid_1x{number}")
        await phone.press("1")
        assert (await phone.press("1")).startswith("END Service coupé")
    reasons = [line["reason"] for line in _lines(capfd) if line["event"] == "backend"]
    assert reasons == ["media-type", "status:500"]


async def test_malformed_requests_end_politely_and_are_told(
    phone: Phone, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"{phone.base}/callbacks/africastalking/{TOKEN}/ussd"
    form = {"phoneNumber": NUMBER, "serviceCode": "*229#", "text": "1*Kossi"}
    answers = [
        await phone.http.post(address, data=form),
        await phone.http.post(address, data={**form, "sessionId": "ATUid_1", "phoneNumber": "x"}),
    ]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, TROUBLE)] * 2
    lines = _lines(capfd)
    assert _events(lines) == ["callback-malformed", "access"] * 2
    assert [line["reason"] for line in lines if "reason" in line] == [
        "sessionId is missing",
        "phoneNumber is not a phone number",
    ]


async def test_what_is_not_the_providers_is_refused(
    phone: Phone, capfd: pytest.CaptureFixture[str]
) -> None:
    address = f"{phone.base}/callbacks/africastalking/{TOKEN}/ussd"
    wrong = f"{phone.base}/callbacks/africastalking/jeton-faux-0123456789abcdef/ussd"
    http = phone.http
    answers = [
        await http.post(address, json={"phoneNumber": NUMBER, "text": "Kossi"}),
        await http.post(address, data={"nom": "Kossi"}),
        await http.post(address, data={"text": "x" * 300_000}),
        await http.get(address, params={"phoneNumber": NUMBER, "text": "Kossi"}),
        await http.post(wrong, data={"phoneNumber": NUMBER}),
    ]
    assert [answer.status_code for answer in answers] == [415, 400, 413, 405, 404]
    lines = _lines(capfd)
    assert [line["status"] for line in lines if line["event"] == "access"] == [
        415, 400, 413, 405, 404,
    ]  # fmt: skip


async def test_a_body_that_never_comes_is_not_waited_for_long(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.callbacks.BODY_SECONDS", 0.05)
    host, _, port = phone.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /callbacks/africastalking/{TOKEN}/ussd HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\n".encode()
    )
    assert (await reader.readline()).split()[1] == b"408"
    writer.close()


async def test_who_hangs_up_midway_is_not_answered(
    phone: Phone, capfd: pytest.CaptureFixture[str]
) -> None:
    host, _, port = phone.base.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /callbacks/africastalking/{TOKEN}/ussd HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\n"
        "text=Kossi".encode()
    )
    await writer.drain()
    writer.close()
    refused = 'gateway_callbacks_refused_total{status="400"} 1.0'
    for _ in range(500):
        if refused in (await phone.http.get(f"{phone.base}/metrics")).text:
            break
        await asyncio.sleep(0.01)
    told = [line for line in _lines(capfd) if line["event"] == "callback-refused"]
    assert [line["reason"] for line in told] == ["the sender hung up"]


async def test_what_nobody_waits_for_is_told_without_its_words(
    phone: Phone, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (await phone.dial()).startswith("CON ")
    context = {"message": "Task exception was never retrieved", "exception": ValueError("Kossi")}
    asyncio.get_running_loop().call_exception_handler(context)
    (told,) = (line for line in _lines(capfd) if line["event"] == "unhandled")
    assert (told["what"], told["error"]) == (context["message"], "ValueError")


async def test_a_conversation_that_cannot_be_opened_begins_anew(
    phone: Phone, redis: Server, agency: Agency, capfd: pytest.CaptureFixture[str]
) -> None:
    """The key that sealed it was taken away."""
    await _to_confirm(phone)
    other = gateway(environ(redis.url, "http://127.0.0.1:9", GATEWAY_SECRET_KEYS="ab" * 32))
    async with listening(other) as base:
        elsewhere = replace(phone, base=base, session="ATUid_1c")
        assert (await elsewhere.dial()).startswith("CON Guichet")
    assert "session-unreadable" in _events(_lines(capfd))


async def test_a_conversation_of_another_release_begins_anew(
    phone: Phone, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.envelope.encode", lambda _: b"\xc1")
        await phone.dial()
    assert await phone.dial() == TROUBLE  # its very repeat: there is no answer to give
    assert (await phone.press("1")).startswith("CON Votre nom ?")
    assert "session-unreadable" in _events(_lines(capfd))


# ---- two at once, and the first one slow -------------------------------------------------


async def test_a_twin_that_takes_too_long_is_not_waited_for(
    phone: Phone, app: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody works on her conversation and does not come back: she is told to call again."""
    store = app.store
    assert store is not None
    citizen = store.names.citizen(NUMBER)
    held = await store.sessions.load(citizen, bytes(16), lease=30)
    monkeypatch.setattr("gateway.turns.ussd.ANSWER", 0.7)
    assert await phone.dial() == (
        "END Votre demande est en cours. Merci de rappeler dans une minute."
    )
    assert held.claim is not None
    await store.sessions.release(citizen, held.claim)
    assert (await phone.send()).startswith("CON Guichet")


async def test_who_is_slower_than_the_lease_gets_its_twins_answer(
    phone: Phone, agency: Agency, monkeypatch: pytest.MonkeyPatch, app: Gateway
) -> None:
    """Both called the back end, under one key; what follows is done and answered once."""
    await _to_confirm(phone)
    agency.seconds = 0.3
    phone.text += "*1"
    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.conversations.LEASE", 0.05)
        slow = asyncio.create_task(phone.send())
        while not agency.keys:  # noqa: ASYNC110 (a call over HTTP, not an event of ours)
            await asyncio.sleep(0.005)
    assert await phone.send() == "END Dossier Kossi-0001. Un SMS suivra."
    assert await slow == "END Dossier Kossi-0001. Un SMS suivra."
    assert list(agency.keys.values()) == [2]
    assert app.store is not None
    kept = [await app.store.effects.read(shard) for shard in range(app.store.names.shards)]
    assert sum(map(len, kept)) == 1


async def test_a_turn_without_end_is_cut(
    phone: Phone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Something inside hangs: the provider is answered while it still listens."""
    await _to_confirm(phone)

    async def hanging(*_: object, **__: object) -> object:
        return await asyncio.get_running_loop().create_future()

    with monkeypatch.context() as patch:
        patch.setattr("gateway.turns.calls.Calls.run", hanging)
        patch.setattr("gateway.turns.ussd.ANSWER", 0.2)
        assert await phone.press("1") == TROUBLE
    assert await phone.send() == "END Dossier Kossi-0001. Un SMS suivra."
    failed = [line for line in _lines(capfd) if line["event"] == "ussd-failed"]
    assert [line["error"] for line in failed] == ["TimeoutError"]


async def test_she_is_told_in_her_language(
    redis: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    menus = shutil.copytree(MENUS, tmp_path / "menus")
    site = menus / "site.yaml"
    site.write_text(
        site.read_text("utf-8").replace("  fr: Français\n", "  fr: Français\n  en: English\n"),
        "utf-8",
    )
    variables = environ(redis.url, "http://127.0.0.1:9", GATEWAY_MENUS=str(menus))
    async with _serving(variables) as phone:
        assert "2. English" in await phone.dial()
        await phone.press("2")

        def failing(*_: object) -> object:
            raise ValueError

        monkeypatch.setattr("gateway.turns.ussd.turn", failing)
        assert await phone.press("1") == (
            "END Something went wrong. Please call again in a few minutes."
        )


# ---- Redis goes away -------------------------------------------------------------------


def _kill(embedded: Embedded) -> None:
    """As a power cut would, for this server of the test's own."""
    with Redis(unix_socket_path=str(embedded.socket())) as admin:
        pid = int(admin.info("server")["process_id"])
    os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def _serving(variables: dict[str, str]) -> AsyncIterator[Phone]:
    async with (
        listening(gateway(variables)) as base,
        httpx2.AsyncClient(trust_env=False, timeout=30) as http,
    ):
        yield Phone(http, base)


async def _ready(phone: Phone) -> int:
    return (await phone.http.get(f"{phone.base}/readyz")).status_code


async def _until_ready(phone: Phone) -> None:
    for _ in range(500):
        if await _ready(phone) == 200:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it does not recover")


async def test_a_killed_server_is_found_again_with_every_session(
    tmp_path: Path, agency: Agency
) -> None:
    """The deployment's own server is started anew on the same data, and hardly noticed."""
    embedded = Embedded(tmp_path / "var")
    async with listening(agency.app) as back_end:
        variables = {
            "GATEWAY_DATA": str(embedded.data),
            "GATEWAY_CALLBACK_TOKEN": TOKEN,
            "GATEWAY_MENUS": str(MENUS),
            "MAIRIE_URL": back_end,
        }
        async with _serving(variables) as phone:
            await _to_confirm(phone)
            _kill(embedded)
            assert await phone.press("1") == "END Dossier Kossi-0001. Un SMS suivra."
            assert await _ready(phone) == 200
    assert list(agency.keys.values()) == [1]


async def test_without_redis_she_is_told_and_with_it_served_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    embedded = Embedded(tmp_path / "elsewhere")
    embedded.attach()
    try:
        url = f"unix://{embedded.socket()}"
        async with _serving(environ(url, "http://127.0.0.1:9")) as phone:
            await phone.dial()
            assert (await phone.press("1")).startswith("CON Votre nom ?")
            assert await _ready(phone) == 200
            _kill(embedded)
            assert await phone.press("Kossi") == TROUBLE
            assert await _ready(phone) == 503
            embedded.socket()  # starts it again
            await _until_ready(phone)
            assert (await phone.send()).startswith("CON Demander pour Kossi ?")
    finally:
        embedded.leave()
    lines = _lines(capfd)
    assert [line["error"] for line in lines if line["event"] == "ussd-failed"] == [
        "store-unavailable"
    ]


async def test_a_redis_that_comes_late_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app.REDIS_PAUSE", 0.02)
    embedded = Embedded(tmp_path / "elsewhere")
    embedded.attach()
    try:
        url = f"unix://{embedded.socket()}"
        _kill(embedded)
        async with _serving(environ(url, "http://127.0.0.1:9")) as phone:
            assert await phone.dial() == TROUBLE
            assert await _ready(phone) == 503
            embedded.socket()
            await _until_ready(phone)
            assert (await phone.dial()).startswith("CON Guichet")
    finally:
        embedded.leave()
