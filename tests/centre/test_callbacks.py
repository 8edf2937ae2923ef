"""Call-backs from the key press to their end, with the worker between."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.centre import callbacks
from gateway.centre.callbacks import TRIES, Callback, NotPossible
from gateway.centre.intake import Intake
from gateway.events import CallbackState
from gateway.messaging.orders import decode
from gateway.store import Lifetimes, Wanted, open_store
from tests.centre.town import ADA, ANNE, AYO, PAUL, Town, asked, library
from tests.conftest import NAME_KEY, SECRET_KEY, Server

pytestmark = pytest.mark.anyio

OPEN = (CallbackState.WAITING, CallbackState.TAKEN)
ENDED = (CallbackState.DONE, CallbackState.UNREACHABLE)
OTHER = "0197000077"


async def waiting(place: Town) -> list[Callback]:
    return (await callbacks.listed(place.store, states=OPEN)).callbacks


async def only(place: Town) -> Callback:
    (one,) = await waiting(place)
    return one


def history(callback: Callback) -> list[tuple[str, str]]:
    return [(note.by, note.what) for note in callback.notes]


async def test_a_key_press_becomes_a_call_back(place: Town) -> None:
    assert "Rappel dans 48 h." in await place.dial("1", "1", "99")
    assert await waiting(place) == []
    await place.work()
    hers = await only(place)
    assert (hers.state, hers.queue, hers.agency, hers.service) == (
        CallbackState.WAITING,
        "accueil",
        "mairie",
        "guichet",
    )
    assert hers.details == (("sujet", "Actes d'état civil"),)
    assert hers.due - hers.asked == 48 * 3600
    assert (hers.language, hers.tries, hers.holder, hers.test) == ("fr", 0, "", True)
    assert hers.phone == "01 ** ** ** 01"


async def test_of_one_citizen_one_request_waits_in_a_queue(place: Town) -> None:
    await place.dial("1", "1", "99")
    await place.work()
    first = await only(place)
    await place.dial("1", "2", "99")
    await place.dial(code="*229*2#")
    await place.work()
    assert {one.queue for one in await waiting(place)} == {"accueil", "ecole"}
    again = await callbacks.read(place.store, first.id)
    assert again is not None
    assert (again.details, again.due) == ((("sujet", "Autre"),), first.due)
    assert history(again) == [("", "asked-again")]
    await callbacks.take(place.store, first.id, ANNE)
    await callbacks.done(place.store, first.id, ANNE)
    await place.dial("1", "1", "99")
    await place.work()
    new = [one for one in await waiting(place) if one.queue == "accueil"]
    assert [one.id for one in new] != [first.id]


async def test_an_order_that_is_done_again_changes_nothing(place: Town) -> None:
    await place.dial("1", "1", "99")
    shard = place.store.names.citizen(ADA).shard
    (kept,) = await place.store.effects.read(shard)
    assert kept.payload is not None
    order = decode(kept.payload)
    intake = Intake(library())
    for _ in range(2):  # whoever took it was killed before it was off its stream
        await intake.callback(place.store, shard, kept, order)
    hers = await only(place)
    assert history(hers) == []
    await callbacks.take(place.store, hers.id, ANNE)
    await callbacks.done(place.store, hers.id, ANNE)
    await intake.callback(place.store, shard, kept, order)
    assert await waiting(place) == []


async def test_what_an_earlier_release_put_aside_is_taken_up(place: Town) -> None:
    await place.dial("1", "1", "99")
    shard = place.store.names.citizen(ADA).shard
    (kept,) = await place.store.effects.read(shard)
    await place.store.effects.move(shard, kept, "callback")
    await place.work()
    assert (await only(place)).details == (("sujet", "Actes d'état civil"),)


async def test_a_queue_that_has_left_the_site_loses_nobody(
    place: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await place.dial("1", "1", "99")
    menus = tmp_path / "menus"
    menus.mkdir()
    (menus / "guichet.yaml").write_text(
        "title: Guichet\nflow:\n  start:\n    - end: Bonjour.\n", encoding="utf-8"
    )
    (menus / "site.yaml").write_text('codes: { "*229#": guichet }\n', encoding="utf-8")
    monkeypatch.setattr("tests.centre.town.MENUS", menus)
    await place.work()
    assert (await only(place)).queue == "accueil"


async def test_of_two_who_take_it_at_once_one_has_it(place: Town) -> None:
    await place.dial("1", "1", "99")
    await place.work()
    hers = await only(place)
    taken = await asyncio.gather(
        *(callbacks.take(place.store, hers.id, who) for who in (ANNE, PAUL)),
        return_exceptions=True,
    )
    refused = [one for one in taken if isinstance(one, NotPossible)]
    assert [one.code for one in refused] == ["taken-by-other"]
    (kept,) = [one for one in taken if isinstance(one, Callback)]
    holder, other = (ANNE, PAUL) if kept.holder == ANNE.name else (PAUL, ANNE)
    with pytest.raises(NotPossible, match="taken-by-other"):
        await callbacks.number(place.store, hers.id, other)
    with pytest.raises(NotPossible, match="taken-by-other"):
        await callbacks.done(place.store, hers.id, other)
    assert await callbacks.number(place.store, hers.id, holder) == ADA


async def test_the_number_is_hers_or_the_one_that_she_asked_for(place: Town) -> None:
    await place.dial("1", "1", OTHER)
    await place.work()
    hers = await only(place)
    assert dict(hers.details)["numero"] == "01 ** ** ** 77"
    with pytest.raises(NotPossible, match="not-taken"):
        await callbacks.number(place.store, hers.id, ANNE)
    await callbacks.take(place.store, hers.id, ANNE)
    for _ in range(2):
        assert await callbacks.number(place.store, hers.id, ANNE) == f"+229{OTHER}"
    deeds = await place.store.audit.read()
    assert [(deed.who, deed.what, deed.about) for deed in reversed(deeds)] == [
        ("staff:anne", "taken", hers.id),
        ("staff:anne", "number-shown", hers.id),
        ("staff:anne", "number-shown", hers.id),
    ]


async def test_who_cannot_be_reached_is_told_once(place: Town) -> None:
    await place.dial("1", "1", "99")
    await place.work()
    hers = await only(place)
    for _ in range(TRIES):
        await callbacks.take(place.store, hers.id, ANNE)
        ended = await callbacks.unreachable(place.store, hers.id, ANNE, "sonne dans le vide")
        with pytest.raises(NotPossible, match=r"not-taken|ended"):
            await callbacks.number(place.store, hers.id, ANNE)
    assert (ended.state, ended.tries) == (CallbackState.UNREACHABLE, TRIES)
    again = await callbacks.unreachable(place.store, hers.id, ANNE)  # sent twice
    assert again.tries == TRIES
    await place.work()
    await place.work()
    assert [(sms.to, sms.text) for sms in place.received] == [
        (ADA, "Nous vous avons appelé 3 fois sans réponse. Pour etre rappelé : *229#.")
    ]
    with pytest.raises(NotPossible, match="ended"):
        await callbacks.take(place.store, hers.id, PAUL)
    (shown,) = (await callbacks.listed(place.store, states=ENDED)).callbacks
    assert shown.notes[-1].text == "sonne dans le vide"


async def test_an_end_is_told_once_whatever_is_noted_later(place: Town) -> None:
    await place.dial("1", "1", "99")
    await place.work()
    hers = await only(place)
    await callbacks.take(place.store, hers.id, ANNE)
    await callbacks.done(place.store, hers.id, ANNE)
    await callbacks.annotate(place.store, hers.id, PAUL, "elle a rappelé")
    shard = place.store.names.citizen(ADA).shard
    told = await place.store.hooks.take(shard, 10, lease=30.0)
    assert [one.payload.split(b" ")[2] for one in told] == [b"callback.done"]


async def test_given_back_it_waits_in_its_old_place(place: Town) -> None:
    for number in (ADA, AYO):
        await place.dial("1", "1", "99", number=number)
        await place.work()
    before = [one.id for one in await waiting(place)]
    await callbacks.take(place.store, before[0], ANNE)
    assert (await callbacks.give_back(place.store, before[0], ANNE)).holder == ""
    assert [one.id for one in await waiting(place)] == before


async def test_lists_go_over_all_shards_page_by_page(place: Town) -> None:
    store = place.store
    for number in range(120):
        phone = f"+22901970{number:05}"
        hers = asked(
            store,
            phone,
            str(number),
            queue="ecole" if number % 3 == 0 else "accueil",
            due=1_000_000 + number // 2,  # two have the same
            test=False,
        )
        await store.callbacks.put(hers)
    found: list[Callback] = []
    after = ""
    while True:
        page = await callbacks.listed(store, states=OPEN, after=after, most=7)
        found += page.callbacks
        after = page.next
        if not after:
            break
    assert len({one.id for one in found}) == 120
    assert [one.due for one in found] == sorted(one.due for one in found)
    school = await callbacks.listed(store, states=OPEN, queues=["ecole"], most=50)
    assert {one.queue for one in school.callbacks} == {"ecole"}
    assert (len(school.callbacks), school.next) == (40, "")
    assert (await callbacks.listed(store, states=OPEN, agency="ecole")).callbacks == []
    assert (await callbacks.listed(store, states=OPEN, test=True)).callbacks == []
    counts = await store.callbacks.counts(1_000_010)
    assert counts == {"ecole": (40, 0, 7), "accueil": (80, 0, 13)}
    with pytest.raises(ValueError, match="cursor"):
        await callbacks.listed(store, states=OPEN, after="demain")
    with pytest.raises(ValueError, match="either"):
        await store.callbacks.listed(tuple(CallbackState), Wanted(), "", 1)


async def test_ended_ones_are_kept_for_their_lifetime(redis: Server) -> None:
    store = await open_store(
        redis_url=redis.url,
        secret_keys=(SECRET_KEY,),
        name_key=NAME_KEY,
        lifetimes=Lifetimes(callbacks=1.0),
    )
    hers = asked(store)
    await store.callbacks.put(hers)
    await callbacks.take(store, hers.id, ANNE)
    await callbacks.done(store, hers.id, ANNE)
    (record,) = [name for name in redis.everything() if b":cb:r:" in name]
    assert 0 < redis.admin.pttl(record) <= 1000
    redis.admin.delete(record)  # as Redis does then
    assert (await callbacks.listed(store, states=ENDED)).callbacks == []
    (ended,) = [name for name in redis.everything() if name.endswith(b":cb:ended")]
    (member,) = redis.everything()[ended]
    redis.admin.zadd(ended, {member: 1})  # some seconds have passed
    await store.callbacks.trim(hers.citizen.shard)
    assert not redis.admin.exists(ended)
    await store.close()


async def test_what_no_key_opens_any_more_is_still_listed(place: Town, redis: Server) -> None:
    await place.dial("1", "1", "99")
    await place.work()
    hers = await only(place)
    later = await open_store(redis_url=redis.url, secret_keys=(bytes(32),), name_key=NAME_KEY)
    (shown,) = (await callbacks.listed(later, states=OPEN)).callbacks
    assert (shown.id, shown.phone, shown.details) == (hers.id, "", ())
    await callbacks.take(later, hers.id, ANNE)
    await later.close()
    assert await callbacks.number(place.store, hers.id, ANNE) == ADA  # nothing was lost of it


def test_nothing_of_hers_is_in_a_repr() -> None:
    body = callbacks.Body(ADA, [("nom", "Dossou")])
    assert ADA not in repr(body)
    assert "Dossou" not in repr(body)
