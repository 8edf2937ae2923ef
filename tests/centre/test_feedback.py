"""Ratings and comments: kept per service and step, of nobody in particular."""

from __future__ import annotations

import pytest

from gateway.centre import feedback
from gateway.centre.intake import Intake
from gateway.messaging.orders import decode
from gateway.store import Rating
from tests.centre.town import ADA, AYO, Town, library, rating
from tests.conftest import Server

pytestmark = pytest.mark.anyio

COMMENT = "Trop de monde le lundi"


async def ratings(place: Town, **narrowed: object) -> list[Rating]:
    return (await feedback.listed(place.store, **narrowed)).ratings  # type: ignore[arg-type]


async def test_a_rating_and_its_comment_are_one(place: Town, redis: Server) -> None:
    await place.dial("2", "4")
    await place.work()
    (rated,) = await ratings(place)
    assert (rated.score, rated.comment, rated.agency, rated.service) == (4, "", "mairie", "guichet")
    assert (rated.step, rated.channel, rated.operator) == ("Était-ce facile ?", "ussd", "")
    await place.dial("2", "2", COMMENT, number=AYO)
    await place.work()
    found = await ratings(place)
    assert sorted((one.score, one.comment) for one in found) == [(2, COMMENT), (4, "")]
    for name, values in redis.everything().items():
        if b":fb" in name:
            digests = [place.store.names.citizen(phone).digest.encode() for phone in (ADA, AYO)]
            assert not any(digest in part for digest in digests for part in (name, *values))
            assert not any(COMMENT.encode() in part for part in values)


async def test_orders_that_are_done_again_or_the_other_way_round(place: Town) -> None:
    await place.dial("2", "5", COMMENT)
    shard = place.store.names.citizen(ADA).shard
    kept = await place.store.effects.read(shard)
    assert len(kept) == 2
    intake = Intake(library())
    for one in [*reversed(kept), *kept]:
        assert one.payload is not None
        await intake.rating(place.store, shard, one, decode(one.payload))
    (rated,) = await ratings(place)
    assert (rated.score, rated.comment) == (5, COMMENT)
    assert await ratings(place, commented=True) == [rated]


async def test_lists_are_narrowed_and_go_on(place: Town) -> None:
    for number in range(90):
        one = rating(
            place.store,
            number,
            agency="mairie" if number % 2 else "ecole",
            service="guichet" if number % 3 else "etat-civil",
            score=number % 5 + 1,
            at=(1_000_000 + number) * 1000,
            comment="Bien" if number % 10 == 0 else "",
        )
        await place.store.feedback.put(one)
    assert len(await ratings(place, agency="ecole", most=100)) == 45
    assert len(await ratings(place, services=["etat-civil"], most=100)) == 30
    assert len(await ratings(place, commented=True, most=100)) == 9
    assert len(await ratings(place, since=1_000_080, most=100)) == 10
    found: list[Rating] = []
    after = ""
    while True:
        page = await feedback.listed(place.store, after=after, most=11)
        found += page.ratings
        after = page.next
        if not after:
            break
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert len({one.id for one in found}) == 90
