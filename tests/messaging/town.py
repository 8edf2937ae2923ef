"""A town hall whose messages are sent: menus, a store, a workshop, and messages to be accepted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.events import Encoding, Lane, MessageState, OutgoingSms
from gateway.menu.library import Library
from gateway.messaging import letter
from gateway.messaging.letter import Letter
from gateway.messaging.pace import Pace
from gateway.metrics import Metrics
from gateway.store import Draft, Record, Store
from gateway.workshop import Workshop

MENUS = Path(__file__).parent / "data" / "menus"
TEXT = "Mairie : Dossier EC-1042 prêt."
QUICK = Pace(lease=5.0, first_pause=0.02, busy=0.002, idle=0.005, away=0.05, upkeep=0.05, drain=2)
LATER = 4_000_000_000_000  # milliseconds: a day that is far off
ENVIRON = {
    "MAIRIE_WEBHOOK": "http://127.0.0.1:9/hooks",
    "MAIRIE_SECRET": "whsec_c2VjcmV0",
    "MAIRIE_URL": "http://127.0.0.1:9",
}


def library() -> Library:
    found = Library(MENUS, drafts=False)
    loaded = found.reload()
    assert loaded.program is not None, loaded.findings
    return found


def number(digits: str) -> str:
    """One of the reserved numbers; its last digits tell the simulated provider what to do."""
    return f"+22901970000{digits}"


def draft(store: Store, to: str, name: str = "1", **more: object) -> Draft:
    citizen = store.names.citizen(to)
    given = {
        "id": store.names.message_id(citizen.shard, "test", to, name),
        "citizen": citizen,
        "lane": Lane.MASS,
        "body": letter.encode(Letter(to, "8585", TEXT, Encoding.GSM7, "fr", "EC-1042")),
        "segments": 1,
        "sender": "8585",
        "until": LATER,
        "agency": "mairie",
        "template": "guichet/pret",
        "version": "v1",
        "any_hour": True,
    }
    return Draft(**(given | more))  # type: ignore[arg-type]


@dataclass
class Handset:
    """All phones of the town."""

    received: list[OutgoingSms] = field(default_factory=list)

    async def __call__(self, sms: OutgoingSms) -> None:
        self.received.append(sms)


def workshop(handset: Handset | None = None, **more: object) -> Workshop:
    given = {"pace": QUICK, "demo": True, "handset": handset}
    return Workshop(library(), ENVIRON, Metrics(), **(given | more))  # type: ignore[arg-type]


async def record(store: Store, of: Draft) -> Record:
    found = await store.outbox.read(of.id)
    assert found is not None
    return found


async def path(store: Store, of: Draft) -> list[str]:
    """The history: each state, with its reason behind it."""
    found = await record(store, of)
    return [f"{entered.state} {entered.reason}".strip() for entered in found.history]


async def states(store: Store, drafts: Sequence[Draft]) -> list[MessageState]:
    return [(await record(store, one)).state for one in drafts]


def now() -> int:
    return round(time.time() * 1000)
