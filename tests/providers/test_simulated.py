"""The simulated provider: the number tells what becomes of a message, by real receipts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import httpx2
import pytest

from gateway.callbacks import Callbacks
from gateway.events import Encoding, Fate, MessageState, OutgoingSms, Receipt, Submission
from gateway.metrics import Metrics
from gateway.providers.simulated import RESERVED, Magic, Simulated

pytestmark = pytest.mark.anyio


@dataclass
class Town:
    """A gateway's receipt route, and a handset. `events` are told in their order."""

    events: list[str] = field(default_factory=list)

    async def reports(self, request: httpx2.Request) -> httpx2.Response:
        self.events.append(request.content.decode())
        return httpx2.Response(200)

    async def handset(self, sms: OutgoingSms) -> None:
        self.events.append(f"phone: {sms.text}")


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
async def provider(town: Town) -> AsyncIterator[Simulated]:
    transport = httpx2.MockTransport(town.reports)
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as reports:
        yield Simulated(reports, "http://gateway/receipts", town.handset)


def sms(digits: str) -> OutgoingSms:
    return OutgoingSms("m1", RESERVED + digits, "8585", "Bonjour", Encoding.GSM7, 1)


DELIVERED = '{"id":"SIM_m1","status":"delivered","reason":""}'


@pytest.mark.parametrize(
    ("digits", "submission", "events"),
    [
        ("01", Submission(Fate.SENT, "SIM_m1"), ["phone: Bonjour", DELIVERED]),
        ("90", Submission(Fate.SENT, "SIM_m1"), [DELIVERED.replace("delivered", "failed")]),
        ("91", Submission(Fate.FAILED, reason="rejected"), []),
        ("92", Submission(Fate.SENT, "SIM_m1"), [DELIVERED.replace("delivered", "expired")]),
        ("93", Submission(Fate.UNSURE, "SIM_m1", "deadline"), ["phone: Bonjour", DELIVERED]),
        ("94", Submission(Fate.RETRY, reason="throttled"), []),
        ("95", Submission(Fate.SUPPRESSED, reason="opted-out"), []),
        ("96", Submission(Fate.SENT, "SIM_m1"), ["phone: Bonjour"]),
        ("97", Submission(Fate.SENT, "SIM_m1"), ["phone: Bonjour", DELIVERED]),
        ("98", Submission(Fate.SENT, "SIM_m1"), ["phone: Bonjour", DELIVERED, DELIVERED]),
    ],
)
async def test_the_number_tells(
    town: Town, provider: Simulated, digits: str, submission: Submission, events: list[str]
) -> None:
    assert await provider.send(sms(digits)) == submission
    assert town.events == ([] if digits != Magic.EARLY.value else events)  # beside, or before
    await provider.close()
    told = [event.replace("network", "").replace("absent", "") for event in town.events]
    assert told == events


async def test_what_is_put_off_is_taken_the_next_time(town: Town, provider: Simulated) -> None:
    assert (await provider.send(sms("94"))).fate is Fate.RETRY
    assert (await provider.send(sms("94"))).fate is Fate.SENT
    await provider.close()
    assert town.events == ["phone: Bonjour", DELIVERED]


async def test_a_gateway_that_is_away_hurts_nobody(town: Town) -> None:
    async def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(away)) as reports:
        provider = Simulated(reports, "http://gateway/receipts", town.handset)
        assert (await provider.send(sms("97"))).fate is Fate.SENT
        assert (await provider.send(sms("01"))).fate is Fate.SENT
        await provider.close()
        await asyncio.sleep(0)


@dataclass
class Shelf:
    """Keeps what the receipt route takes."""

    receipts: list[Receipt] = field(default_factory=list)

    async def take(self, receipts: Sequence[Receipt]) -> None:
        self.receipts += receipts


async def test_receipts_go_the_way_of_real_ones() -> None:
    shelf, token = Shelf(), "jeton-de-test-0123456789abcdef"
    callbacks = Callbacks([token], Metrics(), lambda: "BJ", receipts=shelf)
    transport = httpx2.ASGITransport(callbacks)
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as reports:
        address = f"http://gateway/callbacks/simulated/{token}/delivery-reports"
        provider = Simulated(reports, address)
        for digits in ("01", Magic.FAILED, Magic.ABSENT):
            await provider.send(sms(digits))
        await provider.close()
    told = {(receipt.state, receipt.reason) for receipt in shelf.receipts}
    assert told == {
        (MessageState.DELIVERED, ""),
        (MessageState.FAILED, "network"),
        (MessageState.EXPIRED, "absent"),
    }
