"""Agencies tell the gateway how cases stand: each state once, whatever happens on the way."""

from __future__ import annotations

import json
from collections import Counter as Counts
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.demo import office
from gateway.demo.ledger import Ledger
from gateway.demo.modes import Silence
from gateway.demo.office import Deed
from gateway.demo.outbox import LONGEST_PAUSE, Notice, Outbox, Settled
from gateway.demo.paths import State
from gateway.demo.teller import Counter, Teller, new_client
from tests.demo.conftest import Clock
from tests.demo.serving import served

pytestmark = pytest.mark.anyio

NOBODY = "http://127.0.0.1:9"


@dataclass
class Heard:
    """Something that listens where the gateway would: it notes what it is told, and answers in
    the order of `answers`, then 202."""

    url: str = NOBODY
    answers: list[Response] = field(default_factory=list)
    posts: list[tuple[str, str, str, Any]] = field(default_factory=list)  # path, token, key, body
    looks: int = 0
    working: int = 0  # looks after which an update is done
    keys: int = 0

    def app(self) -> Starlette:
        path = "/v1/cases/{reference}/updates"
        return Starlette(
            routes=[
                Route(path, self._told, methods=["POST"]),
                Route(f"{path}/{{id}}", self._read, methods=["GET"]),
            ]
        )

    async def _told(self, request: Request) -> Response:
        headers = request.headers
        self.posts.append(
            (
                request.url.path,
                headers["Authorization"],
                headers["Idempotency-Key"],
                json.loads(await request.body()),
            )
        )
        if self.answers:
            return self.answers.pop(0)
        body = {"id": "u1", "status": "working", "accepted": 0, "suppressed": 0, "refused": 0}
        return JSONResponse(body, 202)

    async def _read(self, _request: Request) -> Response:
        self.looks += 1
        done = self.looks > self.working
        status = "done" if done else "working"
        return JSONResponse({"id": "u1", "status": status, "accepted": 2 if done else 1})

    def counter(self) -> Counter:
        async def key(agency: str) -> str:
            self.keys += 1
            return f"{agency}-{self.keys}"

        return Counter(self.url, key)


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.sqlite", clock)
    yield made
    made.close()


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    listening = Heard()
    async with served(listening.app()) as listening.url:
        yield listening


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with new_client() as client:
        yield client


def case(ledger: Ledger) -> str:
    """A certificate: it is told of by its own agency and by the service centre."""
    with ledger.together():
        made = ledger.record("AT", "attestation", "Attestation", "Direction Cotonou", phone=None)
    return made.number


def move(ledger: Ledger, number: str, *, seen: State = State.RECEIVED) -> None:
    with ledger.together():
        assert office.do(ledger, number, Deed.ADVANCE, seen)


def notices(ledger: Ledger, number: str) -> list[Notice]:
    return Outbox(ledger.database).of(number)


def teller(ledger: Ledger, heard: Heard) -> Teller:
    return Teller(ledger, Outbox(ledger.database), heard.counter())


async def test_a_case_that_moves_is_told_by_both_who_are_asked_about_it(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    telling = teller(ledger, heard)
    await telling.look(http)
    assert heard.posts == []
    clock.turn(seconds=25)  # one of its three parts of a day has passed
    for _ in range(3):
        await telling.look(http)
    own, centre = heard.posts
    assert own[0] == centre[0] == f"/v1/cases/{number}/updates"
    assert (own[1], centre[1]) == ("Bearer travail-1", "Bearer service-2")
    assert own[3] == {
        "template": "travail/attestation/demande_en_cours",
        "data": {"numero": number, "jours": 1},
        "final": False,
    }
    assert centre[3]["data"] == {"numero": number, "statut": "en cours"}
    assert own[2].startswith(f"{number}-underway-")


async def test_how_many_were_told_is_looked_up(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    heard.working = 2
    number = case(ledger)
    move(ledger, number)
    telling = teller(ledger, heard)
    await telling.look(http)
    assert [notice.accepted for notice in notices(ledger, number)] == [None, None]
    for _ in range(3):
        clock.turn(seconds=2)
        await telling.look(http)
    told = notices(ledger, number)
    assert [(notice.settled, notice.accepted) for notice in told] == [(Settled.TOLD, 2)] * 2
    assert heard.looks == 4, "once it is counted it is not asked again"


async def test_a_gateway_that_is_away_is_told_later_with_growing_pauses(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    move(ledger, number)
    away = Teller(ledger, Outbox(ledger.database), Counter(NOBODY, heard.counter().key))
    pauses = []
    for _ in range(11):
        await away.look(http)
        first = notices(ledger, number)[0]
        pauses.append(first.next - clock().timestamp())
        clock.turn(seconds=round(pauses[-1]))
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1, LONGEST_PAUSE)
    assert first.settled is None
    await teller(ledger, heard).look(http)
    assert [body["final"] for *_, body in heard.posts[:2]] == [False, False]
    assert {notice.settled for notice in notices(ledger, number)[:2]} == {Settled.TOLD}


async def test_no_key_to_be_had_is_as_no_gateway(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient
) -> None:
    async def no_key(_agency: str) -> str:
        raise ConnectionError

    number = case(ledger)
    move(ledger, number)
    await Teller(ledger, Outbox(ledger.database), Counter(heard.url, no_key)).look(http)
    assert [notice.attempts for notice in notices(ledger, number)] == [1, 1]
    assert heard.posts == []


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"code": "away"}, 503, headers={"Retry-After": "1"}),
        JSONResponse({}, 429),
        Response(b"<h1>Bad gateway</h1>", 502),
        Silence(),
    ],
    ids=["503", "429", "502", "no answer"],
)
async def test_an_answer_that_is_lost_is_asked_for_again_under_the_same_key(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock, answer: Response
) -> None:
    number = case(ledger)
    move(ledger, number)
    heard.answers.append(answer)
    telling = teller(ledger, heard)
    for _ in range(2):
        await telling.look(http)
        clock.turn(seconds=1)
    keys = Counts((token.partition("-")[0], key) for _, token, key, _ in heard.posts)
    assert sorted(keys.values()) == [1, 2]
    assert {notice.settled for notice in notices(ledger, number)} == {Settled.TOLD}


async def test_who_asks_for_time_is_given_it(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    move(ledger, number)
    heard.answers.append(JSONResponse({}, 429, headers={"Retry-After": "90"}))
    await teller(ledger, heard).look(http)
    assert notices(ledger, number)[0].next == clock().timestamp() + 90


async def test_a_key_that_is_over_is_replaced(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    move(ledger, number)
    heard.answers.append(JSONResponse({"code": "no-key"}, 401))
    telling = teller(ledger, heard)
    for _ in range(2):
        await telling.look(http)
        clock.turn(seconds=1)
    tokens = [token for _, token, *_ in heard.posts if "travail" in token]
    assert tokens == ["Bearer travail-1", "Bearer travail-3"]
    assert {notice.settled for notice in notices(ledger, number)} == {Settled.TOLD}


async def test_what_the_gateway_refuses_is_kept_and_not_told_again(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    move(ledger, number)
    heard.answers.append(JSONResponse({"code": "message-refused"}, 422))
    telling = teller(ledger, heard)
    for _ in range(3):
        await telling.look(http)
        clock.turn(seconds=5)
    refused = notices(ledger, number)[0]
    assert (refused.settled, refused.status, refused.code) == (
        Settled.REFUSED,
        422,
        "message-refused",
    )
    assert len(heard.posts) == 2


async def test_who_was_killed_after_telling_tells_the_same_again(
    tmp_path: Path, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    """The gateway has heard it, and the agency's process died before it could write that down."""
    ledger = Ledger(tmp_path / "killed.sqlite", clock)
    number = case(ledger)
    move(ledger, number)
    outbox = Outbox(ledger.database)
    first = outbox.due(clock().timestamp())[0]
    outbox.begin(first, clock().timestamp())
    ledger.close()
    clock.turn(seconds=1)
    again = Ledger(tmp_path / "killed.sqlite", clock)
    for _ in range(2):
        await teller(again, heard).look(http)
        clock.turn(seconds=5)
    assert sorted(key for *_, key, _ in heard.posts) == [first.key, first.key], "one by each agency"
    assert {notice.settled for notice in notices(again, number)} == {Settled.TOLD}
    again.close()


async def test_news_of_one_case_arrives_in_its_order(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    move(ledger, number)
    heard.answers += [JSONResponse({}, 503, headers={"Retry-After": "30"})] * 2
    telling = teller(ledger, heard)
    await telling.look(http)
    clock.turn(seconds=10)
    move(ledger, number, seen=State.UNDERWAY)
    await telling.look(http)
    assert len(heard.posts) == 2, "the later news waits for the earlier"
    for _ in range(2):
        clock.turn(seconds=25)
        await telling.look(http)
    finals = [body["final"] for _, token, _, body in heard.posts if "travail" in token]
    assert finals == [False, False, True]


async def test_a_state_that_is_entered_again_is_not_told_again(
    ledger: Ledger, heard: Heard, http: httpx2.AsyncClient, clock: Clock
) -> None:
    number = case(ledger)
    move(ledger, number)
    telling = teller(ledger, heard)
    await telling.look(http)
    with ledger.together():
        assert office.do(ledger, number, Deed.BACK, State.UNDERWAY)
    move(ledger, number)
    clock.turn(seconds=5)
    await telling.look(http)
    assert len(heard.posts) == 2


async def test_two_ledgers_do_not_share_their_keys(tmp_path: Path, clock: Clock) -> None:
    """After the data folder was emptied, numbers begin anew: what is told is not what was told."""
    keys = set()
    for name in ("one", "two"):
        ledger = Ledger(tmp_path / f"{name}.sqlite", clock)
        number = case(ledger)
        move(ledger, number)
        keys.add(notices(ledger, number)[0].key)
        ledger.close()
    assert len(keys) == 2
