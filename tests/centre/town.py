"""A service centre: citizens who dial, a worker that takes their orders, staff."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from gateway.app import Gateway
from gateway.centre.callbacks import Actor, Body, sealed
from gateway.events import OutgoingSms
from gateway.menu.library import Library
from gateway.messaging.pace import Pace
from gateway.metrics import Metrics
from gateway.store import Asked, Rating, Store
from gateway.workshop import Workshop
from tests.conftest import Server
from tests.turns.serving import Phone, environ, gateway, listening

MENUS = Path(__file__).parent / "data" / "menus"
QUICK = Pace(lease=5.0, first_pause=0.02, busy=0.002, idle=0.005, away=0.05, upkeep=0.05, drain=2)
ADA, AYO = "+2290197000001", "+2290197000002"
ANNE, PAUL = Actor("staff:anne"), Actor("staff:paul")
HOOKS = {"MAIRIE_WEBHOOK": "http://127.0.0.1:9/hooks", "MAIRIE_SECRET": "whsec_c2VjcmV0"}


def asked(store: Store, phone: str = ADA, name: str = "1", **more: object) -> Asked:
    """A citizen's request, as the worker takes it out of her order."""
    citizen = store.names.citizen(phone)
    given = {
        "id": store.names.message_id(citizen.shard, "test", name),
        "citizen": citizen,
        "queue": "accueil",
        "agency": "mairie",
        "service": "guichet",
        "language": "fr",
        "at": 1_700_000_000,
        "due": 1_700_172_800,
        "test": True,
        "body": sealed(Body(phone, [("sujet", "Actes")])),
    }
    return Asked(**(given | more))  # type: ignore[arg-type]


def rating(store: Store, number: int = 1, **more: object) -> Rating:
    given = {
        "id": store.names.message_id(number % store.names.shards, "test", str(number)),
        "agency": "mairie",
        "service": "guichet",
        "step": "Facile ?",
        "score": 4,
        "language": "fr",
        "channel": "ussd",
        "operator": "MTN",
        "at": 1_700_000_000_000,
    }
    return Rating(**(given | more))  # type: ignore[arg-type]


def library() -> Library:
    found = Library(MENUS, drafts=False)
    loaded = found.reload()
    assert loaded.program is not None, loaded.findings
    return found


@dataclass
class Town:
    app: Gateway
    http: httpx2.AsyncClient
    base: str
    received: list[OutgoingSms] = field(default_factory=list)
    hooks: dict[str, str] = field(default_factory=lambda: dict(HOOKS))
    calls: int = 0

    @property
    def store(self) -> Store:
        assert self.app.store is not None
        return self.app.store

    async def dial(self, *keys: str, number: str = ADA, code: str = "*229#") -> str:
        """The last screen of a whole call."""
        self.calls += 1
        phone = Phone(self.http, self.base, number=number, session=f"ATUid_{self.calls}")
        shown = await phone.dial(code)
        for key in keys:
            shown = await phone.press(key)
        return shown

    async def work(self) -> None:
        """What a worker does, until nothing is due any more."""
        shop = Workshop(
            library(), self.hooks, Metrics(), pace=QUICK, demo=True, handset=self._arrives
        )
        await shop.run(self.store, drain=True)

    async def _arrives(self, sms: OutgoingSms) -> None:
        self.received.append(sms)


@asynccontextmanager
async def town(redis: Server) -> AsyncIterator[Town]:
    app = gateway(environ(redis.url, "http://127.0.0.1:9", GATEWAY_MENUS=str(MENUS), **HOOKS))
    async with (
        listening(app) as base,
        httpx2.AsyncClient(base_url=base, trust_env=False, timeout=30) as http,
    ):
        yield Town(app, http, base)
