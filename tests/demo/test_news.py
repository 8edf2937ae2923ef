"""What agencies tell of cases is what the shipped menus can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.demo import news
from gateway.demo.ledger import Request
from gateway.demo.office import SUBJECTS
from gateway.demo.paths import State, path
from gateway.menu import load
from gateway.menu.message_data import check_data
from gateway.menu.messages import find, write
from gateway.menu.program import Program

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 3, 16)
MADE = datetime(2026, 3, 13, 10, 0, tzinfo=ZoneInfo("Africa/Porto-Novo"))

CASES = {
    "acte": [("naissance", "Cotonou"), ("mariage", "Grand-Popo"), ("décès", "Porto-Novo")],
    "plainte": [("salaire", "Direction Porto-Novo")],
    "attestation": [("Attestation de service", "Direction Cotonou")],
    "rendez-vous": [("cot-0317-1", "Quartier Ganhi"), ("par-0105-3", "Quartier Albarika")],
    "formation": [("deb-cot-0330 Cotonou 2026-03-30", "Mairie, premier étage")],
}


@pytest.fixture(scope="module")
def program() -> Program:
    loaded = load(ROOT / "menus", (ROOT / "locales",), drafts=True)
    assert loaded.program is not None
    return loaded.program


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("number", ["EC-1042", "EC-1046", "EC-1049"])
def test_the_menus_take_all_news(program: Program, subject: str, state: State, number: str) -> None:
    for detail, place in CASES[subject]:
        case = Request(number, subject, detail, place, None, None, MADE, state, days=3)
        for item in news.of(case, TODAY):
            message = find(program, item.agency, item.template)
            assert message is not None, item.template
            assert check_data(message, item.data) == []
            for language in program.site.offered:
                written = write(program, message, language, item.data, today=TODAY)
                assert number in written.text
                assert written.segments == 1 or language not in ("fr", "en")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_step_but_the_first_is_told_and_the_last_one_says_so(subject: str) -> None:
    detail, place = CASES[subject][0]
    case = Request("EC-1046", subject, detail, place, None, None, MADE, days=3)
    assert list(news.of(case, TODAY)) == []
    for stage in path(case.number, subject):
        told = list(news.of(replace(case, state=stage.state), TODAY))
        assert told
        assert all(item.final is (stage is path(case.number, subject)[-1]) for item in told)


def test_the_service_centre_tells_in_the_words_that_it_has() -> None:
    case = Request("EC-1046", "acte", "naissance", "Cotonou", None, None, MADE, days=3)
    agencies = {
        state: [item.agency for item in news.of(replace(case, state=state), TODAY)]
        for state in (State.UNDERWAY, State.MISSING, State.READY)
    }
    assert agencies == {
        State.UNDERWAY: ["anip", "service"],
        State.MISSING: ["anip"],
        State.READY: ["anip", "service"],
    }


def test_days_left_are_those_of_the_promise() -> None:
    case = Request("EC-1042", "acte", "mariage", "Cotonou", None, None, MADE, days=5)
    told = next(news.of(replace(case, state=State.UNDERWAY), TODAY))
    assert told.data == {"numero": "EC-1042", "jours": 3}


@pytest.mark.parametrize(
    ("made", "slot", "day"),
    [
        (MADE, "cot-0317-1", date(2026, 3, 17)),
        (datetime(2026, 12, 31, tzinfo=MADE.tzinfo), "cot-0104-1", date(2027, 1, 4)),
    ],
)
def test_an_appointment_lies_ahead(made: datetime, slot: str, day: date) -> None:
    case = Request("RV-0412", "rendez-vous", slot, "Quartier Ganhi", None, None, made)
    assert news.slot_day(case) == day
