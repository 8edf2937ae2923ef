"""Cases move on by themselves and by hand, each along the path of its kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.demo import office
from gateway.demo.ledger import DAY, Ledger, Request
from gateway.demo.office import SUBJECTS, Deed
from gateway.demo.outbox import Outbox
from gateway.demo.paths import FINAL, State, after, before, path
from tests.demo.conftest import Clock

PHONE = "+2290197000009"


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.sqlite", clock)
    yield made
    made.close()


def act(ledger: Ledger, *, ending: str = "", days: float = 3) -> Request:
    """A request for an act; with `ending`, the next one whose number ends so."""
    while True:
        with ledger.together():
            made = ledger.record("EC", "acte", "naissance", "Cotonou", phone=PHONE, days=days)
        if made.number.endswith(ending):
            return made


def states(ledger: Ledger, number: str) -> list[State]:
    return [move.state for move in ledger.history(number)]


def pass_by(ledger: Ledger, clock: Clock, days: float) -> None:
    clock.now += timedelta(seconds=days * DAY)
    with ledger.together():
        ledger.catch_up()


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("2", ["reçue", "en cours", "prête"]),
        ("6", ["reçue", "en cours", "pièce manquante", "prête"]),
        ("9", ["reçue", "en cours", "refusée"]),
    ],
)
def test_an_act_goes_its_way_and_stays_where_it_ends(
    ledger: Ledger, clock: Clock, ending: str, expected: list[str]
) -> None:
    case = act(ledger, ending=ending)
    pass_by(ledger, clock, 0.9)
    assert states(ledger, case.number) == [State.RECEIVED]
    pass_by(ledger, clock, 100)
    assert states(ledger, case.number) == expected
    found = ledger.numbered(case.number)
    assert found is not None
    assert found.due is None


def test_each_step_is_dated_by_its_own_time_however_late_it_is_noticed(
    ledger: Ledger, clock: Clock
) -> None:
    case = act(ledger)
    pass_by(ledger, clock, 50)
    made = case.made.timestamp()
    at = [move.at - made for move in ledger.history(case.number)]
    assert at == pytest.approx([0, DAY, 3 * DAY])


def test_a_day_of_another_length(tmp_path: Path, clock: Clock) -> None:
    ledger = Ledger(tmp_path / "quick.sqlite", clock, day=5)
    case = act(ledger)
    assert case.due == pytest.approx(clock().timestamp() + 5)
    ledger.close()


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("number", ["XX-1042", "XX-1046", "XX-1049"])
def test_every_kind_comes_to_an_end_within_its_promise_or_a_third_later(
    subject: str, number: str
) -> None:
    state, seen, shares = State.RECEIVED, [], 0.0
    while (stage := after(number, subject, state)) is not None:
        assert stage.state not in seen
        assert before(number, subject, stage.state) is state
        state = stage.state
        seen.append(state)
        shares += stage.share
    assert state in FINAL
    assert [stage.state for stage in path(number, subject)] == seen
    assert 1 <= shares + 1e-9 <= 4 / 3 + 1e-6


def test_an_opinion_is_no_case(ledger: Ledger, clock: Clock) -> None:
    with ledger.together():
        made = ledger.record("AV", "avis", "Accueil agréable", "", phone=PHONE)
    pass_by(ledger, clock, 1000)
    assert states(ledger, made.number) == [State.RECEIVED]
    assert office.possible(made) == {}


def test_staff_move_a_case_on_and_take_it_back(ledger: Ledger, clock: Clock) -> None:
    case = act(ledger)
    for deed, expected in (
        (Deed.ADVANCE, State.UNDERWAY),
        (Deed.PAPER, State.MISSING),
        (Deed.ADVANCE, State.READY),
        (Deed.BACK, State.UNDERWAY),
        (Deed.REFUSE, State.REFUSED),
        (Deed.BACK, State.UNDERWAY),
        (Deed.BACK, State.RECEIVED),
    ):
        case = ledger.numbered(case.number) or case
        with ledger.together():
            assert office.do(ledger, case.number, deed, case.state)
        found = ledger.numbered(case.number)
        assert found is not None
        assert found.state is expected
        assert (found.due is None) is (expected in FINAL)
    assert all(move.by_hand for move in ledger.history(case.number)[1:])
    pass_by(ledger, clock, 3)
    assert states(ledger, case.number)[-2:] == [State.UNDERWAY, State.READY]


def test_pressing_twice_moves_it_once(ledger: Ledger) -> None:
    case = act(ledger)
    for expected in (True, False):
        with ledger.together():
            assert office.do(ledger, case.number, Deed.ADVANCE, State.RECEIVED) is expected
    assert states(ledger, case.number) == [State.RECEIVED, State.UNDERWAY]


@pytest.mark.parametrize(
    ("deed", "seen"),
    [(Deed.BACK, State.RECEIVED), (Deed.ADVANCE, State.READY)],
)
def test_what_makes_no_sense_is_not_done(ledger: Ledger, deed: Deed, seen: State) -> None:
    case = act(ledger)
    with ledger.together():
        assert not office.do(ledger, case.number, deed, seen)
        assert not office.do(ledger, "EC-9999", Deed.ADVANCE, State.RECEIVED)


def test_news_that_was_not_told_yet_is_taken_back_with_its_state(ledger: Ledger) -> None:
    outbox = Outbox(ledger.database)
    case = act(ledger)
    with ledger.together():
        office.do(ledger, case.number, Deed.ADVANCE, State.RECEIVED)
    told, untold = outbox.of(case.number)
    outbox.begin(told, 0)
    with ledger.together():
        office.do(ledger, case.number, Deed.BACK, State.UNDERWAY)
    assert [notice.rank for notice in outbox.of(case.number)] == [told.rank]
    with ledger.together():
        office.do(ledger, case.number, Deed.ADVANCE, State.RECEIVED)
    again = outbox.of(case.number)
    assert [notice.agency for notice in again] == [told.agency, untold.agency], "each once"


def test_a_citizen_who_cancels_is_told_no_news_of_it(ledger: Ledger, clock: Clock) -> None:
    with ledger.together():
        made = ledger.record(
            "FN", "formation", "deb-cot-0330 Cotonou 2026-03-30", "Mairie", phone=PHONE
        )
        made = ledger.enter(made, State.CANCELLED, at=clock().timestamp())
    assert Outbox(ledger.database).of(made.number) == []
    assert office.possible(made) == {}


def test_a_ledger_of_before_goes_on(tmp_path: Path, clock: Clock) -> None:
    """A data folder of the time when a case's state followed from its age alone."""
    old = sqlite3.connect(tmp_path / "old.sqlite")
    old.executescript(
        "CREATE TABLE request (rank INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE,"
        " subject TEXT NOT NULL, detail TEXT NOT NULL, place TEXT NOT NULL, phone TEXT, npi TEXT,"
        " made TEXT NOT NULL, state TEXT);"
        "INSERT INTO request VALUES (1, 'EC-1042', 'acte', 'naissance', 'Cotonou', NULL, NULL,"
        " '2026-03-16T09:58:30+01:00', NULL);"
        "INSERT INTO request VALUES (2, 'FN-0718', 'formation', 'd C 2026-03-30', 'x', NULL, NULL,"
        " '2026-03-16T09:00:00+01:00', 'annulée');"
    )
    old.close()
    for _ in range(2):  # opened again, it is left as it is
        ledger = Ledger(tmp_path / "old.sqlite", clock)
        with ledger.together():
            ledger.catch_up()
        found, cancelled = ledger.numbered("EC-1042"), ledger.numbered("FN-0718")
        assert found is not None
        assert cancelled is not None
        assert found.state is State.UNDERWAY
        assert cancelled.state is State.CANCELLED
        ledger.close()
