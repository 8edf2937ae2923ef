from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.messaging.acceptance import KeyKind, Wanted, prepare
from gateway.messaging.window import Window
from gateway.store import Store
from tests.messaging.town import library, number

HERE = ZoneInfo("Africa/Porto-Novo")


def at(written: str) -> int:
    return round(datetime.fromisoformat(written).replace(tzinfo=HERE).timestamp() * 1000)


@pytest.mark.parametrize(
    ("quiet", "now", "opens"),
    [
        (("21:00", "07:00"), "2026-11-27T12:00", "2026-11-27T12:00"),
        (("21:00", "07:00"), "2026-11-27T20:59", "2026-11-27T20:59"),
        (("21:00", "07:00"), "2026-11-27T21:00", "2026-11-28T07:00"),
        (("21:00", "07:00"), "2026-11-28T00:00", "2026-11-28T07:00"),
        (("21:00", "07:00"), "2026-11-28T06:59", "2026-11-28T07:00"),
        (("21:00", "07:00"), "2026-11-28T07:00", "2026-11-28T07:00"),
        (("12:00", "14:00"), "2026-11-28T13:00", "2026-11-28T14:00"),
        (("12:00", "14:00"), "2026-11-28T15:00", "2026-11-28T15:00"),
        (None, "2026-11-28T03:00", "2026-11-28T03:00"),
    ],
)
def test_nobody_is_woken(quiet: tuple[str, str] | None, now: str, opens: str) -> None:
    assert Window(quiet, "Africa/Porto-Novo").opens(at(now)) == at(opens)


def test_a_clock_that_is_put_forward_does_not_lose_a_message() -> None:
    """02:30 does not exist that night in Paris: the end of the hours is still to come."""
    night = datetime(2026, 3, 28, 23, tzinfo=ZoneInfo("Europe/Paris"))
    now = round(night.timestamp() * 1000)
    opens = Window(("21:00", "02:30"), "Europe/Paris").opens(now)
    assert 0 < opens - now < 4 * 3_600_000


@pytest.mark.anyio
async def test_a_test_waits_for_no_hour(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wakes nobody, and who tries the API at night sees what becomes of it."""
    monkeypatch.setattr(Window, "opens", lambda self, now: now + 3_600_000)
    wanted = Wanted(template="guichet/pret", to=number("01"), data={"numero": "EC-1"})
    due = {}
    for kind in (KeyKind.LIVE, KeyKind.TEST):
        prepared = await prepare(store, library().current, "mairie", wanted, kind, "key")
        due[kind] = prepared.draft.due > round(time.time() * 1000)
        assert prepared.draft.any_hour == (kind is KeyKind.TEST)
    assert due == {KeyKind.LIVE: True, KeyKind.TEST: False}
