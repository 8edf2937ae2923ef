"""The demo's agencies, with a clock that a test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.demo.agency import AGENCIES, agency

TOKENS = {name: f"made-up-{name}" for name in AGENCIES}


@dataclass
class Clock:
    now: datetime = datetime(2026, 3, 16, 10, 0, tzinfo=ZoneInfo("Africa/Porto-Novo"))

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **lengths: int) -> None:
        self.now += timedelta(**lengths)


@dataclass
class Counter:
    """One citizen in front of the agencies: what the gateway would send for her."""

    client: httpx2.AsyncClient
    phone: str = "+2290197000009"
    keys: int = field(default=0)

    async def get(self, path: str, **given: str) -> httpx2.Response:
        return await self.client.get(path, params=given, headers=self._headers(path))

    async def post(
        self, path: str, given: Mapping[str, Any], *, key: str | None = None
    ) -> httpx2.Response:
        self.keys += 1
        return await self.client.post(
            path,
            json=dict(given),
            headers={**self._headers(path), "Idempotency-Key": key or f"key-{self.keys}"},
        )

    def _headers(self, path: str) -> dict[str, str]:
        name = path.split("/")[1]
        return {"Authorization": f"Bearer {TOKENS[name]}", "Citizen-Phone": self.phone}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Starlette:
    return agency(tmp_path / "agency.sqlite", TOKENS, clock=clock)


@pytest.fixture
async def counter(app: Starlette) -> AsyncIterator[Counter]:
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://agency") as client,
    ):
        yield Counter(client)
