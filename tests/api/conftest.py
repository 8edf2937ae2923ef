"""A gateway that runs, and an agency that has a key."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from gateway.api import keys
from gateway.app import Gateway
from gateway.messaging.acceptance import KeyKind
from tests.api.office import MENUS, Office
from tests.conftest import Server
from tests.turns.serving import environ, gateway, listening


@pytest.fixture
async def office(redis: Server) -> AsyncIterator[Office]:
    app: Gateway = gateway(environ(redis.url, "http://127.0.0.1:9", GATEWAY_MENUS=str(MENUS)))
    async with (
        listening(app) as base,
        httpx2.AsyncClient(base_url=base, trust_env=False, timeout=30) as http,
    ):
        assert app.store is not None
        _, token = await keys.create(app.store, "mairie", KeyKind.LIVE)
        yield Office(http, app.store, token)
