"""Senders over real sockets: the request that leaves, and what each answer comes to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from gateway.errors import SettingsError
from gateway.events import Encoding, Fate, OutgoingSms, Submission
from gateway.providers import Sender, dialects
from gateway.providers.africastalking.library import Requests
from gateway.providers.africastalking.sending import AfricasTalking
from gateway.providers.infobip.sending import Infobip
from tests.providers.fake import Fake, listening

pytestmark = pytest.mark.anyio

KEY = "cle-secrete-0123456789"
NUMBER = "+2290197000001"
TEXT = "ANIP: Acte EC-1042 prêt à Cotonou & payé."
SMS = OutgoingSms("m234567890", NUMBER, "8585", TEXT, Encoding.GSM7, 1)
SECONDS = 0.5


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    async with listening() as fake:
        yield fake


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        yield http


def sender(name: str, base: str, http: httpx2.AsyncClient) -> Sender:
    if name == "infobip":
        return Infobip(base, KEY, http, SECONDS)
    return AfricasTalking(Requests("gov-bj", KEY, base), http, SECONDS)


def recipient(**more: Any) -> dict[str, Any]:
    return {
        "statusCode": 101,
        "number": NUMBER,
        "status": "Success",
        "cost": "XOF 12.0",
        "messageId": "ATXid_1",
        **more,
    }


def answer(*recipients: dict[str, Any], message: str = "Sent to 1/1") -> dict[str, Any]:
    return {"SMSMessageData": {"Message": message, "Recipients": list(recipients)}}


# ---- Africa's Talking ----------------------------------------------------------------


async def test_the_package_builds_what_it_always_built(
    fake: Fake, http: httpx2.AsyncClient
) -> None:
    """The seam that we take over is the package's own: an upgrade that moves it fails here."""
    fake.answers(201, answer(recipient()))
    assert await sender("africastalking", fake.base, http).send(SMS) == Submission(
        Fate.SENT, "ATXid_1"
    )
    first, headers, body = fake.request
    assert first == "POST /version1/messaging HTTP/1.1"
    assert headers["apikey"] == KEY
    assert headers["accept"] == "application/json"
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert body == (
        "username=gov-bj&to=%2B2290197000001&message="
        "ANIP%3A+Acte+EC-1042+pr%C3%AAt+%C3%A0+Cotonou+%26+pay%C3%A9.&bulkSMSMode=1&from=8585"
    )


async def test_an_answer_is_json_whatever_its_type_adds(
    fake: Fake, http: httpx2.AsyncClient
) -> None:
    content = json.dumps(answer(recipient())).encode()
    fake.says = [
        b"HTTP/1.1 201 X\r\nContent-Type: application/json; charset=utf-8\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(content), content)
    ]
    sent = await sender("africastalking", fake.base, http).send(SMS)
    assert sent == Submission(Fate.SENT, "ATXid_1")


@pytest.mark.parametrize(
    ("username", "host"),
    [("gov-bj", "api.africastalking.com"), ("sandbox", "api.sandbox.africastalking.com")],
)
def test_the_username_says_whether_it_is_meant(username: str, host: str) -> None:
    built = Requests(username, KEY, None).bulk(NUMBER, "", "a")
    assert built.url == f"https://{host}/version1/messaging"
    assert "from" not in built.form


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (answer(recipient(statusCode=100, messageParts=1)), Submission(Fate.SENT, "ATXid_1")),
        (answer(recipient(statusCode=102)), Submission(Fate.SENT, "ATXid_1")),
        (answer(recipient(statusCode="101")), Submission(Fate.SENT, "ATXid_1")),
        (answer(recipient(messageId="None")), Submission(Fate.SENT)),
        (answer(message="InvalidSenderId"), Submission(Fate.FAILED, reason="invalid-sender")),
        (
            answer(message="InsufficientBalance"),
            Submission(Fate.RETRY, reason="insufficient-balance", pause=600),
        ),
        (answer(message="Sent to 0/1"), Submission(Fate.RETRY, reason="other")),
        (answer(recipient(statusCode=401)), Submission(Fate.UNSURE, "ATXid_1", "risk-hold")),
        (
            answer(recipient(statusCode=401, messageId="None")),
            Submission(Fate.FAILED, reason="risk-hold"),
        ),
        (answer(recipient(statusCode=402)), Submission(Fate.FAILED, reason="invalid-sender")),
        (answer(recipient(statusCode=403)), Submission(Fate.FAILED, reason="invalid-number")),
        (answer(recipient(statusCode=404)), Submission(Fate.FAILED, reason="invalid-number")),
        (
            answer(recipient(statusCode=405)),
            Submission(Fate.RETRY, reason="insufficient-balance", pause=600),
        ),
        (answer(recipient(statusCode=406)), Submission(Fate.SUPPRESSED, reason="opted-out")),
        (answer(recipient(statusCode=407)), Submission(Fate.FAILED, reason="no-route")),
        (answer(recipient(statusCode=409)), Submission(Fate.FAILED, reason="do-not-disturb")),
        (answer(recipient(statusCode=500)), Submission(Fate.RETRY, reason="provider-trouble")),
        (answer(recipient(statusCode=501)), Submission(Fate.RETRY, reason="network")),
        (answer(recipient(statusCode=502)), Submission(Fate.RETRY, reason="rejected")),
        (answer(recipient(statusCode=777)), Submission(Fate.UNSURE, "ATXid_1", "other")),
        (
            answer(recipient(number="+2290197000002")),
            Submission(Fate.UNSURE, reason="unreadable"),
        ),
        ("<html>", Submission(Fate.UNSURE, reason="unreadable")),
        ("[" * 3000, Submission(Fate.UNSURE, reason="unreadable")),
        ({"SMSMessageData": None}, Submission(Fate.UNSURE, reason="unreadable")),
        (" " * 70_000, Submission(Fate.UNSURE, reason="unreadable")),
    ],
)
async def test_each_recipient_has_its_own_outcome(
    fake: Fake, http: httpx2.AsyncClient, body: Any, expected: Submission
) -> None:
    fake.answers(201, body, **{"Content-Type": "application/json; charset=utf-8"})
    assert await sender("africastalking", fake.base, http).send(SMS) == expected


async def test_of_several_numbers_only_ours_counts(fake: Fake, http: httpx2.AsyncClient) -> None:
    other = recipient(number="+233244000011", statusCode=403, messageId="None")
    fake.answers(201, answer(other, recipient()))
    sent = await sender("africastalking", fake.base, http).send(SMS)
    assert sent == Submission(Fate.SENT, "ATXid_1")


# ---- Infobip -------------------------------------------------------------------------


async def test_infobip_takes_our_id(fake: Fake, http: httpx2.AsyncClient) -> None:
    status = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
    fake.answers(200, {"bulkId": "b", "messages": [{"messageId": SMS.id, "status": status}]})
    sent = await sender("infobip", fake.base, http).send(SMS)
    assert sent == Submission(Fate.SENT, SMS.id)
    first, headers, body = fake.request
    assert first == "POST /sms/3/messages HTTP/1.1"
    assert headers["authorization"] == f"App {KEY}"
    assert body == (
        '{"messages":[{"sender":"8585","destinations":[{"to":"2290197000001",'
        f'"messageId":"{SMS.id}"}}],"content":{{"text":"{TEXT}"}}}}]}}'
    )


@pytest.mark.parametrize(
    ("group", "name", "expected"),
    [
        ("PENDING", "PENDING_ENROUTE", Submission(Fate.SENT, SMS.id)),
        ("DELIVERED", "DELIVERED_TO_OPERATOR", Submission(Fate.SENT, SMS.id)),
        ("REJECTED", "REJECTED_NETWORK", Submission(Fate.FAILED, reason="no-route")),
        (
            "REJECTED",
            "REJECTED_NOT_ENOUGH_CREDITS",
            Submission(Fate.RETRY, reason="insufficient-balance", pause=600),
        ),
        (
            "REJECTED",
            "REJECTED_DESTINATION_BLOCKLISTED",
            Submission(Fate.SUPPRESSED, reason="opted-out"),
        ),
        ("REJECTED", "REJECTED_SYSTEM_ERROR", Submission(Fate.RETRY, reason="provider-trouble")),
        ("REJECTED", "REJECTED_FLOODING_FILTER", Submission(Fate.RETRY, reason="throttled")),
        ("REJECTED", "REJECTED_SOURCE", Submission(Fate.FAILED, reason="invalid-sender")),
        # The attempt before, whose answer was lost, had reached them: it is not sent twice.
        (
            "REJECTED",
            "REJECTED_DUPLICATE_MESSAGE_ID",
            Submission(Fate.UNSURE, SMS.id, "duplicate"),
        ),
        ("TOMORROW", "X", Submission(Fate.UNSURE, SMS.id, "other")),
    ],
)
async def test_infobips_groups(
    fake: Fake, http: httpx2.AsyncClient, group: str, name: str, expected: Submission
) -> None:
    status = {"groupName": group, "name": name}
    fake.answers(200, {"messages": [{"messageId": SMS.id, "status": status}]})
    assert await sender("infobip", fake.base, http).send(SMS) == expected


# ---- both ----------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("name", ["africastalking", "infobip"])


@BOTH
@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (400, {}, Submission(Fate.FAILED, reason="refused")),
        (401, {}, Submission(Fate.RETRY, reason="credentials", pause=600)),
        (403, {}, Submission(Fate.RETRY, reason="credentials", pause=600)),
        (404, {}, Submission(Fate.RETRY, reason="refused", pause=600)),
        (429, {"Retry-After": "7"}, Submission(Fate.RETRY, reason="throttled", pause=7)),
        (429, {"Retry-After": "soon"}, Submission(Fate.RETRY, reason="throttled", pause=60)),
        (429, {"Retry-After": "99999"}, Submission(Fate.RETRY, reason="throttled", pause=3600)),
        (500, {}, Submission(Fate.UNSURE, reason="provider-trouble")),
        (503, {}, Submission(Fate.RETRY, reason="provider-trouble", pause=60)),
        (504, {}, Submission(Fate.UNSURE, reason="provider-trouble")),
    ],
)
async def test_a_status_that_is_no_success(
    fake: Fake,
    http: httpx2.AsyncClient,
    name: str,
    status: int,
    headers: dict[str, str],
    expected: Submission,
) -> None:
    fake.answers(status, "The supplied authentication is invalid", **headers)
    assert await sender(name, fake.base, http).send(SMS) == expected


@BOTH
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_the_key_follows_no_redirect(
    fake: Fake, http: httpx2.AsyncClient, name: str, status: int
) -> None:
    async with listening() as elsewhere:
        fake.answers(status, "", Location=f"{elsewhere.base}/version1/messaging")
        sent = await sender(name, fake.base, http).send(SMS)
        assert elsewhere.heard == []
    assert sent.fate is Fate.RETRY


@BOTH
@pytest.mark.parametrize(
    ("says", "reason"),
    [(["cut"], "connection-lost"), (["trickle"], "deadline"), ([5.0], "deadline")],
)
async def test_what_was_sent_and_not_answered_is_unsure(
    fake: Fake, http: httpx2.AsyncClient, name: str, says: list[Any], reason: str
) -> None:
    fake.says = says
    sent = await sender(name, fake.base, http).send(SMS)
    assert sent == Submission(Fate.UNSURE, reason=reason)


@BOTH
async def test_what_reached_nobody_is_tried_again(http: httpx2.AsyncClient, name: str) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    sent = await sender(name, f"http://127.0.0.1:{port}", http).send(SMS)
    assert sent == Submission(Fate.RETRY, reason="unreachable")


@BOTH
@pytest.mark.parametrize(
    ("to", "text", "reason"),
    [
        ("0197000001", "a", "invalid-number"),
        ("+1234", "a", "invalid-number"),
        ("+22997000001", "a", "invalid-number"),
        ("+2290197000001\n", "a", "invalid-number"),
        (NUMBER, "", "invalid-message"),
        (NUMBER, "\ud800", "invalid-message"),
    ],
)
async def test_what_cannot_be_sent_is_not(
    fake: Fake, http: httpx2.AsyncClient, name: str, to: str, text: str, reason: str
) -> None:
    strange = OutgoingSms("m", to, "8585", text, Encoding.GSM7, 1)
    sent = await sender(name, fake.base, http).send(strange)
    assert sent == Submission(Fate.FAILED, reason=reason)
    assert fake.heard == []


async def test_nothing_private_is_told(
    fake: Fake, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="gateway")
    for says in (["cut"], [b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"]):
        fake.says = list(says)
        for name in ("africastalking", "infobip"):
            sent = await sender(name, fake.base, http).send(SMS)
            for private in (KEY, NUMBER[1:], "EC-1042"):
                assert private not in repr(sent)
                assert private not in caplog.text


# ---- settings ------------------------------------------------------------------------

GIVEN = {
    "AT_USERNAME": "sandbox",
    "AT_API_KEY": KEY,
    "INFOBIP_BASE_URL": "x.api.infobip.com",
    "INFOBIP_API_KEY": KEY,
}
SENDING = [(name, known.sending) for name, known in dialects.items() if known.sending]


@pytest.mark.parametrize(("name", "sending"), SENDING, ids=[name for name, _ in SENDING])
async def test_a_missing_setting_is_named(
    name: str, sending: Any, http: httpx2.AsyncClient
) -> None:
    assert sending.open(GIVEN, http)
    for setting in sending.settings:
        with pytest.raises(SettingsError, match=f"{setting} is missing"):
            sending.open({**GIVEN, setting: " "}, http)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("AT_BASE_URL", "http://api.example.org"),
        ("AT_BASE_URL", "https://api.example.org/version1"),
        ("AT_BASE_URL", "https://key@api.example.org"),
        ("AT_API_KEY", "clé"),
        ("AT_API_KEY", "a\nb"),
    ],
)
async def test_a_wrong_setting_is_named_and_not_repeated(
    setting: str, value: str, http: httpx2.AsyncClient
) -> None:
    sending = dialects["africastalking"].sending
    assert sending is not None
    with pytest.raises(SettingsError, match=f"{setting} is wrong") as error:
        sending.open({**GIVEN, setting: value}, http)
    assert value not in str(error.value)


def test_a_providers_package_is_imported_where_it_sends_alone() -> None:
    code = (
        "import sys, gateway.app, gateway.providers\n"
        "assert not {'africastalking', 'requests'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
