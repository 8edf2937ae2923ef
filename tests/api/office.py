"""An agency's machine, and the menus whose messages it sends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gateway.api import keys
from gateway.menu.library import Library
from gateway.messaging.acceptance import KeyKind
from gateway.store import Store

MENUS = Path(__file__).parent / "data" / "menus"
ADA = "+2290197000001"
READY = {"template": "guichet/pret", "to": ADA, "data": {"numero": "EC-1042"}}


@dataclass
class Office:
    """An agency's machine."""

    http: httpx2.AsyncClient
    store: Store
    token: str

    async def send(self, body: Any, **headers: str) -> httpx2.Response:
        return await self.http.post("/v1/messages", json=body, headers=self.bears(headers))

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(path, headers=self.bears({}))

    def bears(self, headers: dict[str, str]) -> dict[str, str]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return {"Authorization": f"Bearer {self.token}", **given}

    async def other(self, agency: str, kind: KeyKind = KeyKind.LIVE, **more: Any) -> Office:
        _, token = await keys.create(self.store, agency, kind, **more)
        return Office(self.http, self.store, token)


def library() -> Library:
    found = Library(MENUS, drafts=False)
    found.reload()
    return found


def fields(response: httpx2.Response) -> list[tuple[str, str]]:
    assert response.headers["content-type"] == "application/problem+json"
    return [(error["field"], error["code"]) for error in response.json()["errors"]]
