"""A gateway that runs, its agency, and a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from gateway.app import Gateway
from tests.conftest import Server
from tests.turns.serving import Agency, Phone, environ, gateway, listening
from tests.turns.texting import Texter


@pytest.fixture
def agency() -> Agency:
    return Agency()


@pytest.fixture
async def app(redis: Server, agency: Agency) -> AsyncIterator[Gateway]:
    """Not yet listening."""
    async with listening(agency.app) as back_end:
        yield gateway(environ(redis.url, back_end))


@pytest.fixture
async def phone(app: Gateway) -> AsyncIterator[Phone]:
    limits = httpx2.Limits(max_connections=600, max_keepalive_connections=600)
    async with (
        listening(app) as base,
        httpx2.AsyncClient(trust_env=False, limits=limits, timeout=30) as http,
    ):
        yield Phone(http, base)


@pytest.fixture
async def hers(phone: Phone, app: Gateway) -> Texter:
    """The same phone, sending text messages."""
    return Texter(phone.http, phone.base, app)
