"""Whole steps over real HTTP: a real server, a real Redis, a real back end."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.app import Gateway
from gateway.events import UssdReply, UssdRequest
from gateway.messaging import orders
from tests.conftest import Server
from tests.turns.serving import NUMBER, Agency, Line, Phone

pytestmark = pytest.mark.anyio

HOME = "CON Guichet\n1. Demander un acte\n2. Ouvrir le coffre\n3. Heures"
TROUBLE = "END Un problème est survenu. Merci de rappeler dans quelques minutes."
DOWN = "END Service coupé. Merci de rappeler demain."


async def _ordered(app: Gateway) -> list[orders.Order]:
    assert app.store is not None
    found = []
    for shard in range(app.store.names.shards):
        for kept in await app.store.effects.read(shard):
            assert kept.payload is not None
            found.append(orders.decode(kept.payload))
    return found


# ---- served --------------------------------------------------------------------------


async def test_a_citizen_is_served(phone: Phone, agency: Agency, app: Gateway) -> None:
    assert await phone.dial() == HOME
    assert (await phone.press("1")).startswith("CON Votre nom ?")
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")
    assert await phone.press("1") == "END Dossier Kossi-0001. Un SMS suivra."
    assert agency.bodies == [{"nom": "Kossi"}]
    (order,) = await _ordered(app)
    assert (order.kind, order.phone, order.language) == ("sms", NUMBER, "fr")
    assert order.program == app.library.current.hash


@pytest.mark.parametrize("citizens", [2, 50, 500])
async def test_each_citizen_gets_her_own_answers(
    phone: Phone, agency: Agency, citizens: int
) -> None:
    """All at once, with a back end that takes its time: nobody gets another one's page."""
    agency.seconds = 0.05

    async def call(number: int) -> tuple[str, str, str]:
        hers = Line(phone.http, phone.base, f"+22901970{number:05}", f"ATUid_{number}")
        name = "Ayi" + "".join("abcdefghij"[int(digit)] for digit in str(number))
        assert await hers.dial() == HOME
        await hers.press("1")
        confirm = await hers.press(name)
        end = await hers.press("1")
        hers.hang_up()
        return name, confirm, end

    answers = await asyncio.gather(*(call(number) for number in range(citizens)))
    for number, (name, confirm, end) in enumerate(answers):
        assert confirm.startswith(f"CON Demander pour {name} ?")
        assert end == f"END Dossier {name}-{number:04}. Un SMS suivra."
    assert len(agency.keys) == citizens
    assert set(agency.keys.values()) == {1}


async def test_what_fits_is_the_operators_business(phone: Phone) -> None:
    """The same screen goes out in the letters that the network's handsets can show."""
    phone.network = "61607"
    assert await phone.dial() == HOME
    assert await phone.press("3") == "END De 8 h à 16 h."


async def test_a_step_costs_two_round_trips(phone: Phone, redis: Server) -> None:
    """One function to load and claim, one to save and give back; of a repeat only the first."""

    def functions() -> int:
        return int(redis.admin.info("commandstats")["cmdstat_fcall"]["calls"])

    await phone.dial()
    counts = []
    for keys in ("1", "9", "Kossi"):
        before = functions()
        await phone.press(keys)
        counts.append(functions() - before)
    before = functions()
    await phone.send()
    assert (counts, functions() - before) == ([2, 2, 2], 1)


# ---- repeats, late ones, others --------------------------------------------------------


async def test_a_repeat_gets_the_same_answer_and_does_nothing(
    phone: Phone, agency: Agency, app: Gateway
) -> None:
    await phone.dial()
    assert await phone.send() == HOME
    await phone.press("1")
    await phone.press("Kossi")
    first = await phone.press("1")
    assert await phone.send() == first
    assert await phone.send() == first
    assert sum(agency.keys.values()) == 1
    assert len(await _ordered(app)) == 1


async def test_two_at_the_same_moment_reach_the_back_end_once(
    phone: Phone, agency: Agency, app: Gateway
) -> None:
    agency.seconds = 0.05
    await phone.dial()
    await phone.press("1")
    await phone.press("Kossi")
    phone.text += "*1"
    answers = await asyncio.gather(*(phone.send() for _ in range(5)))
    assert set(answers) == {"END Dossier Kossi-0001. Un SMS suivra."}
    assert list(agency.keys.values()) == [1]
    assert len(await _ordered(app)) == 1


async def test_a_late_earlier_request_changes_nothing(phone: Phone, agency: Agency) -> None:
    await phone.dial()
    await phone.press("1")
    asked = await phone.press("Kossi")
    late = replace(phone, text="1")
    assert await late.send() == asked
    late.text = ""
    assert await late.send() == asked
    assert await phone.press("1") == "END Dossier Kossi-0001. Un SMS suivra."
    late.text = "1*Kossi"
    assert await late.send() == "END Dossier Kossi-0001. Un SMS suivra."
    assert sum(agency.keys.values()) == 1


async def test_a_request_of_the_session_before_changes_nothing(phone: Phone) -> None:
    """She was cut off and dialled again; then the first session's request arrives."""
    await phone.dial()
    await phone.press("1")
    before = replace(phone)
    now = replace(phone)
    resuming = await now.dial(session="ATUid_2")
    assert "reprendre" in resuming
    assert await before.press("Kossi") == resuming
    assert (await now.press("1")).startswith("CON Votre nom ?")


async def test_a_star_that_was_typed_is_an_input(phone: Phone) -> None:
    await phone.dial()
    await phone.press("1")
    assert "Votre nom" in await phone.press("***")
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")


async def test_a_history_with_a_hole_shows_where_she_is(phone: Phone, agency: Agency) -> None:
    """One request never arrived. Its input is not guessed; the next one is understood."""
    await phone.dial()
    await phone.press("9")
    phone.text = "1*3"
    assert (await phone.send()).endswith(HOME.removeprefix("CON "))
    assert await phone.press("3") == "END De 8 h à 16 h."
    assert not agency.bodies


async def test_another_caller_inside_a_session_is_refused(phone: Phone) -> None:
    await phone.dial()
    await phone.press("1")
    other = replace(phone, number="+2290166000002")
    assert await other.press("Ablawa") == TROUBLE
    other.text = ""
    assert await other.send() == TROUBLE
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")


async def test_another_caller_with_a_session_of_her_own_is_refused_too(phone: Phone) -> None:
    hers = replace(phone, number="+2290166000002", session="ATUid_2")
    await hers.dial()
    page = await hers.press("1")
    await phone.dial()
    stolen = replace(hers, session=phone.session)
    assert await stolen.press("1") == TROUBLE
    assert await hers.send() == page


# ---- dialling --------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "text"), [("*229*1*Kossi*1#", ""), ("*229#", "1*Kossi*1")])
async def test_a_dialled_suffix_stops_before_what_matters(
    phone: Phone, agency: Agency, code: str, text: str
) -> None:
    phone.code, phone.text = code, text
    assert (await phone.send()).startswith("CON Demander pour Kossi ?")
    assert not agency.bodies
    assert await phone.press("1") == "END Dossier Kossi-0001. Un SMS suivra."


async def test_a_code_of_nobody_is_told(phone: Phone) -> None:
    assert await phone.dial("*999#") == "END Ce code n'est pas en service."
    assert await phone.send() == "END Ce code n'est pas en service."
    assert await phone.dial(session="ATUid_2") == HOME


async def test_after_a_cut_she_goes_on_where_she_was(phone: Phone) -> None:
    await phone.dial()
    await phone.press("1")
    await phone.press("Kossi")
    assert await phone.dial(session="ATUid_2") == (
        "CON Guichet : reprendre ?\n1. Continuer\n2. Recommencer"
    )
    assert (await phone.press("1")).startswith("CON Demander pour Kossi ?")


async def test_after_the_end_a_call_begins_anew(phone: Phone) -> None:
    await phone.dial()
    await phone.press("3")
    assert await phone.dial(session="ATUid_2") == HOME


async def test_a_dialect_of_newest_inputs_is_served_too(phone: Phone, app: Gateway) -> None:
    """The same key pressed twice is two inputs there."""

    async def ask(text: str | None, *, begins: bool = False) -> UssdReply:
        return await app.turns.answer(
            UssdRequest("other", "s1", NUMBER, "*229#", None, input=text, begins=begins)
        )

    assert (await ask("", begins=True)).text == HOME.removeprefix("CON ")
    assert (await ask("1")).text.startswith("Votre nom")
    assert (await ask("1")).text.startswith("Tapez un nom")
    assert (await ask("Kossi")).text.startswith("Demander pour Kossi")


# ---- secrets ---------------------------------------------------------------------------


async def test_a_secret_lies_nowhere_in_clear(phone: Phone, redis: Server, agency: Agency) -> None:
    await phone.dial()
    await phone.press("2")
    await phone.press("4821")
    lying = [raw for name, values in redis.everything().items() for raw in (name, *values)]
    assert any(b":p:" in raw for raw in lying), "the secret is kept for the call that takes it"
    for raw in lying:
        for clear in (b"4821", b"97000001", b"ATUid_1"):
            assert clear not in raw
    assert await phone.press("Kossi") == "END Coffre Kossi- ouvert."
    assert agency.bodies == [{"nom": "Kossi", "secret": "4821"}]
    assert not any(b":p:" in name for name in redis.everything())


async def test_after_a_cut_a_secret_is_asked_again(phone: Phone, agency: Agency) -> None:
    """What it was sealed under went with the provider's session."""
    await phone.dial()
    await phone.press("2")
    await phone.press("4821")
    await phone.dial(session="ATUid_2")
    assert (await phone.press("1")).startswith("CON Votre code secret ?")
    await phone.press("7777")
    assert await phone.press("Kossi") == "END Coffre Kossi- ouvert."
    assert agency.bodies == [{"nom": "Kossi", "secret": "7777"}]


# ---- what is odd -----------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["x" * 10_000, "\x00", "\x1b[2J\x07", "😀" * 10_000, " ", ""])
async def test_an_impossible_answer_is_asked_again(phone: Phone, keys: str) -> None:
    await phone.dial()
    page = await phone.press(keys)
    assert page.startswith("CON ")
    assert "1. Demander un acte" in page
    assert (await phone.press("1")).startswith("CON Votre nom ?")
    assert "nom" in await phone.press(keys)
    assert (await phone.press("Kossi")).startswith("CON Demander pour Kossi ?")


@pytest.mark.parametrize("says", ["nonsense", "broken"])
async def test_a_back_end_out_of_order_takes_the_authors_way(
    phone: Phone, agency: Agency, says: str
) -> None:
    agency.says = says
    await phone.dial()
    await phone.press("1")
    await phone.press("Kossi")
    assert await phone.press("1") == DOWN
