"""Text messages over real HTTP: answered once each, whatever the provider and the world do."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import httpx2
import pytest

from gateway.app import Gateway
from gateway.providers import dialects
from gateway.text.segments import segment
from gateway.turns import messages
from tests.conftest import Server
from tests.turns.serving import MENUS, NUMBER, TOKEN, Agency, Phone, environ, gateway, listening
from tests.turns.texting import Texter, received

pytestmark = pytest.mark.anyio

HOME = "Guichet\n1. Demander un acte\n2. Ouvrir le coffre\n3. Heures"
KEYS = "\n0. Retour\n00. Accueil"
NAME = f"Votre nom ?{KEYS}"
CONFIRM = f"Demander pour Kossi ?\n1. Oui\n2. Non{KEYS}"
END = "Dossier Kossi-0001. Un SMS suivra."


# ---- served --------------------------------------------------------------------------------


async def test_a_citizen_is_served(hers: Texter, agency: Agency) -> None:
    assert await hers.text("bonjour") == HOME
    assert await hers.text("Demander un acte") == NAME
    assert await hers.text("Kossi") == CONFIRM
    assert await hers.text("oui") == END
    assert agency.bodies == [{"nom": "Kossi"}]
    ordered = await hers.ordered()
    assert [order.body["message"] for order in ordered[-2:]] == ["recu", ""]
    reply = ordered[-1]
    assert reply.body == {
        "message": "",
        "text": END,
        "encoding": "gsm7",
        "language": "fr",
        "reply": True,
    }
    assert (reply.kind, reply.service, reply.phone) == ("sms", "guichet", NUMBER)


async def test_a_message_costs_two_round_trips(hers: Texter, redis: Server) -> None:
    def functions() -> int:
        return int(redis.admin.info("commandstats")["cmdstat_fcall"]["calls"])

    await hers.text("ACTE")
    before = functions()
    await hers.text("1")
    assert functions() - before == 2


async def test_everything_of_hers_is_sealed_and_ages(hers: Texter, redis: Server) -> None:
    await hers.text("ACTE 1")
    await hers.text("Kossi")
    for name, values in redis.everything().items():
        assert not any(b"Kossi" in raw for raw in (name, *values))
    store = hers.app.store
    assert store is not None
    session = store.names.session(store.names.citizen(NUMBER))
    assert redis.admin.pttl(session) > 86_400_000


# ---- repeats ---------------------------------------------------------------------------------


async def test_a_repeat_is_answered_once_however_late(
    hers: Texter, agency: Agency, app: Gateway, redis: Server
) -> None:
    await hers.text("ACTE 1")
    await hers.text("Kossi")
    assert await hers.text("1") == END
    confirmed = dict(hers.last)
    assert await hers.bring() == 200
    # She has gone on since, by both channels.
    assert await hers.text("ACTE 1") == NAME
    hers.last = confirmed
    for _ in range(3):
        assert await hers.bring() == 200
    assert sum(agency.keys.values()) == 1
    assert len(await hers.replies()) == 4
    assert received(app, "duplicate") == 4
    store = app.store
    assert store is not None
    mark = store.names.digest("message", "africastalking", confirmed["id"])
    left = redis.admin.pttl(store.names.effect(store.names.citizen(NUMBER).shard, mark))
    assert 47 * 3_600_000 < left <= 48 * 3_600_000


async def test_a_repeated_stop_word_does_not_undo_what_came_after(
    hers: Texter, app: Gateway
) -> None:
    await hers.text("STOP")
    stopped = dict(hers.last)
    await hers.text("START")
    hers.last = stopped
    assert await hers.bring() == 200
    store = app.store
    assert store is not None
    assert not await store.optouts.stopped(store.names.citizen(NUMBER), "8585")


async def test_a_case_is_left_by_its_reference(hers: Texter, app: Gateway) -> None:
    """« ARRET » and a case that she follows end that alone; another's reference is an answer."""
    store = app.store
    assert store is not None
    citizen, agency = store.names.citizen(NUMBER), next(iter(app.library.current.site.agencies))
    await store.followers.follow(citizen, agency, "EC-1042", b"payload")
    unknown = await hers.text("STOP EC-7")
    assert unknown is not None
    assert not unknown.startswith("C'est noté")
    assert await hers.text("stop ec-1042") == "C'est noté : plus de SMS sur ec-1042."
    assert not await store.followers.follows(citizen, agency, "EC-1042")
    assert not await store.optouts.stopped(citizen, "8585")


async def test_without_an_id_the_same_text_at_once_is_a_repeat(hers: Texter, redis: Server) -> None:
    await hers.text("bonjour")
    hers.last |= {"text": "1", "id": ""}
    assert [await hers.bring(), await hers.bring()] == [200, 200]
    assert [order.body["text"] for order in await hers.replies()] == [HOME, NAME]
    # Some seconds later it is an answer of its own.
    store = hers.app.store
    assert store is not None
    alike = store.names.digest("alike", "africastalking", NUMBER, "8585", "1")
    mark = store.names.effect(store.names.citizen(NUMBER).shard, alike)
    assert 0 < redis.admin.pttl(mark) <= 10_000
    redis.admin.delete(mark)
    assert await hers.bring() == 200
    assert len(await hers.replies()) == 3


async def test_twins_are_answered_once(hers: Texter, agency: Agency) -> None:
    await hers.text("ACTE 1")
    await hers.text("Kossi")
    agency.seconds = 0.1
    hers.last |= {"text": "1", "id": "twin"}
    assert set(await asyncio.gather(*(hers.bring() for _ in range(5)))) == {200}
    assert list(agency.keys.values()) == [1]
    assert len(await hers.replies()) == 3


async def test_many_citizens_whose_messages_come_again_in_any_order(
    phone: Phone, app: Gateway, agency: Agency
) -> None:
    """Each message is brought up to four times: at once, and when she is long past it."""
    chance = Random(7)  # noqa: S311

    async def converse(number: int) -> Texter:
        hers = Texter(phone.http, phone.base, app, number=f"+22901970{number:05}")
        sent: list[dict[str, str]] = []
        for text in ("ACTE 1", "Kossi", "oui", "acte", "3"):
            hers.last = {"from": hers.number, "to": "8585", "text": text}
            hers.last["id"] = f"{number}-{len(sent)}"
            sent.append(dict(hers.last))
            again = chance.sample(sent, k=min(len(sent), chance.randint(0, 2)))
            first = [hers.bring() for _ in range(chance.randint(1, 3))]
            assert set(await asyncio.gather(*first)) == {200}
            for old in again:
                assert await replace(hers, last=old).bring() == 200
        return hers

    everybody = await asyncio.gather(*(converse(number) for number in range(20)))
    ends = "De 8 h à 16 h."
    for hers in everybody:
        told = [order.body["text"] for order in await hers.replies()]
        assert told == [
            NAME,
            CONFIRM,
            f"Dossier Kossi-{hers.number[-4:]}. Un SMS suivra.",
            HOME,
            ends,
        ]
    assert len(agency.keys) == 20
    assert set(agency.keys.values()) == {1}


async def test_messages_that_come_together_are_each_answered(hers: Texter) -> None:
    """Whichever is first: none is lost, and none answers another's screen unseen."""
    await hers.text("bonjour")
    first = dict(hers.last) | {"text": "3", "id": "a"}
    second = dict(hers.last) | {"text": "heures", "id": "b"}
    address = f"{hers.base}/callbacks/africastalking/{TOKEN}/sms"
    answers = await asyncio.gather(
        *(hers.http.post(address, data=form) for form in (first, second))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await hers.replies()) == 3


# ---- one conversation ------------------------------------------------------------------------


async def test_from_a_call_to_messages_and_back(phone: Phone, hers: Texter, agency: Agency) -> None:
    await phone.dial()
    await phone.press("1")
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")
    assert await hers.text("1") == "Guichet : reprendre ?\n1. Continuer\n2. Recommencer"
    assert await hers.text("1") == CONFIRM
    asked = await phone.dial(session="ATUid_2")
    assert asked == "CON Guichet : reprendre ?\n1. Continuer\n2. Recommencer"
    assert (await phone.press("1")).startswith("CON Demander pour Kossi ?")
    assert await phone.press("1") == f"END {END}"
    assert agency.bodies == [{"nom": "Kossi"}]
    assert await hers.text("ACTE") == HOME


async def test_a_call_that_is_still_open_gets_the_screen_again(
    phone: Phone, hers: Texter, agency: Agency
) -> None:
    """Her key was not meant for what came by SMS meanwhile."""
    await phone.dial()
    await phone.press("1")
    confirm = await phone.press("Kossi")
    await hers.text("bonjour")
    asked = await phone.press("1")
    assert asked == "CON Guichet : reprendre ?\n1. Continuer\n2. Recommencer"
    assert await phone.press("1") == confirm
    assert await phone.press("1") == f"END {END}"
    assert list(agency.keys.values()) == [1]


async def test_a_late_request_of_the_call_gets_no_page_of_an_sms(
    phone: Phone, hers: Texter, redis: Server
) -> None:
    await phone.dial()
    await phone.press("1")
    await hers.text("bonjour")
    busy = "END Votre demande est en cours. Merci de rappeler dans une minute."
    assert await phone.send() == busy
    phone.text = ""
    assert await phone.send() == busy
    phone.text = "another*history"
    assert await phone.send() == busy
    store = hers.app.store
    assert store is not None
    session = store.names.session(store.names.citizen(NUMBER))
    assert redis.admin.pttl(session) > 86_000_000  # it is still what came by SMS


async def test_a_secret_is_never_asked_by_sms(phone: Phone, hers: Texter, agency: Agency) -> None:
    waits = f"Pour votre code secret, composez *229#. Ne l'écrivez jamais par SMS.{KEYS}"
    assert await hers.text("ACTE 2 4821") == waits
    assert await hers.text("4821") == waits
    assert (await phone.dial()).startswith("CON Guichet : reprendre ?")
    assert (await phone.press("1")).startswith("CON Votre code secret ?")
    assert (await phone.press("4821")).startswith("CON Votre nom ?")
    assert await phone.press("Kossi") == "END Coffre Kossi- ouvert."
    assert agency.bodies == [{"nom": "Kossi", "secret": "4821"}]


# ---- words of the gateway's own --------------------------------------------------------------


async def test_stop_start_and_help(hers: Texter, app: Gateway) -> None:
    store = app.store
    assert store is not None
    citizen = store.names.citizen(NUMBER)
    for stop in ("STOP", "arrêt !", "Fin."):
        assert await hers.text(stop) == (
            "C'est noté : plus de SMS du 8585. Pour en recevoir de nouveau : START."
        )
        assert await store.optouts.stopped(citizen, "8585")
        again = await hers.text("start")
        assert again == "C'est noté : vous recevrez de nouveau les SMS du 8585."
        assert not await store.optouts.stopped(citizen, "8585")
    helped = await hers.text("Aide")
    assert helped == (
        "Écrivez MENU au 8585 ou composez *229#. Pour ne plus recevoir de SMS : STOP."
    )
    for order in await hers.replies():
        assert len(segment(str(order.body["text"])).parts) == 1


async def test_they_leave_the_conversation_as_it_is(hers: Texter) -> None:
    await hers.text("ACTE 1")
    await hers.text("STOP")
    await hers.text("AIDE")
    assert await hers.text("Kossi") == CONFIRM


# ---- machines --------------------------------------------------------------------------------


async def test_who_is_no_number_is_never_answered(hers: Texter, app: Gateway) -> None:
    for sender in ("MTN", "8585", "229"):
        assert await hers.text("Promo !", sender=sender) is None
    assert received(app, "nobody") == 3
    store = app.store
    assert store is not None
    kept = [await store.effects.read(shard) for shard in range(store.names.shards)]
    assert not any(kept)


async def test_our_own_number_is_never_answered(redis: Server, tmp_path: Path) -> None:
    """A sender that is a telephone number, whose messages come back to it."""
    menus = shutil.copytree(MENUS, tmp_path / "menus")
    site = (menus / "site.yaml").read_text("utf-8")
    (menus / "site.yaml").write_text(site.replace('"8585"', f'"{NUMBER}"'), "utf-8")
    app = gateway(environ(redis.url, "http://127.0.0.1:9", GATEWAY_MENUS=str(menus)))
    async with listening(app) as base, httpx2.AsyncClient(trust_env=False) as http:
        hers = Texter(http, base, app)
        assert await hers.text("bonjour") is None
        assert await hers.text("bonjour", sender="+2290197000002") is None
        assert received(app, "nobody") == 1
        assert received(app, "answered") == 1


async def test_a_machine_that_always_says_the_same_is_left_alone(
    hers: Texter, app: Gateway
) -> None:
    away = "Nous avons bien reçu votre message."
    answers = [await hers.text(away) for _ in range(9)]
    assert [answer is not None for answer in answers] == [True] * 4 + [False] * 5
    assert received(app, "looped") == 5
    assert await hers.text("1") == NAME  # a person at last


async def test_a_machine_that_always_says_something_else_too(
    hers: Texter, app: Gateway, redis: Server
) -> None:
    answers = [await hers.text(f"Message {number} reçu") for number in range(35)]
    assert None not in answers[:31]
    assert answers[30] == "Vous avez envoyé trop de messages. Merci d'attendre un peu."
    assert answers[31:] == [None] * 4
    assert await hers.text("STOP") is None  # obeyed, though nothing is said
    store = app.store
    assert store is not None
    citizen = store.names.citizen(NUMBER)
    assert await store.optouts.stopped(citizen, "8585")
    short = store.names.tally(citizen, "short")
    assert 0 < redis.admin.pttl(short) <= 600_000
    redis.admin.delete(short)
    assert await hers.text("ACTE") is not None
    redis.admin.set(store.names.tally(citizen, "day"), messages.MOST["day"], px=60_000)
    assert await hers.text("ACTE 1") == answers[30]


# ---- odd texts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", " ", "🎉", "\x00", "a\x00b", "\u202e1", "x" * 10_000, "1 " * 5_000, "{nom}", "é\u0301"],
    ids=repr,
)
async def test_whatever_is_sent_is_answered(hers: Texter, text: str) -> None:
    await hers.text("bonjour")
    answer = await hers.text(text[:12_000])
    assert answer is not None
    assert len(segment(answer).parts) <= 2


async def test_the_address_is_as_closed_as_the_others(hers: Texter, phone: Phone) -> None:
    for path in (f"africastalking/{'x' * 20}/sms", f"nobody/{TOKEN}/sms"):
        response = await phone.http.post(f"{phone.base}/callbacks/{path}", data={"from": NUMBER})
        assert response.status_code == 404
    address = f"{phone.base}/callbacks/africastalking/{TOKEN}/sms"
    assert (await phone.http.get(address)).status_code == 405


async def test_a_provider_that_brings_no_messages_has_no_address(
    redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = replace(dialects["africastalking"], read_sms=None)
    monkeypatch.setattr("gateway.callbacks.dialects", {"africastalking": silent})
    app = gateway(environ(redis.url, "http://127.0.0.1:9"))
    async with listening(app) as base, httpx2.AsyncClient(trust_env=False) as http:
        address = f"{base}/callbacks/africastalking/{TOKEN}/sms"
        assert (await http.post(address, data={"from": NUMBER})).status_code == 404
