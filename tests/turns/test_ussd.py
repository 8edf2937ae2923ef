"""Whole steps over real HTTP: a real server, a real Redis, a real back end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.conftest import Server
from tests.turns.serving import Agency, Phone, environ, gateway, listening

pytestmark = pytest.mark.anyio


@pytest.fixture
def agency() -> Agency:
    return Agency()


@pytest.fixture
async def phone(redis: Server, agency: Agency) -> AsyncIterator[Phone]:
    async with (
        listening(agency.app) as back_end,
        listening(gateway(environ(redis, back_end))) as base,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        yield Phone(http, base)


async def test_a_citizen_is_served(phone: Phone, agency: Agency) -> None:
    assert (await phone.dial()).startswith("CON Guichet\n1. Demander un acte")
    assert (await phone.press("1")).startswith("CON Votre nom ?")
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")
    assert await phone.press("1") == "END Dossier Kossi-0001. Un SMS suivra."
    assert agency.bodies == [{"nom": "Kossi"}]
