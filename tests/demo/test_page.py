"""The agencies' page: what it shows, and which forms it hears."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway.demo.agency import agency
from gateway.demo.modes import Mode
from gateway.demo.office import SUBJECTS, Deed
from gateway.demo.paths import State
from gateway.demo.words import WORDS
from tests.demo.conftest import TOKENS, Clock, Counter

pytestmark = pytest.mark.anyio

HOME = "http://127.0.0.1:8001"
REQUEST = {
    "npi": "1234567890",
    "acte": "naissance",
    "commune": "cotonou",
    "copies": 2,
    "secret": "4826",
}


class Staff(Counter):
    """Somebody in front of the page; and a citizen who asks for things."""

    async def page(self, **query: str) -> str:
        reply = await self.client.get("/", params=query)
        assert reply.status_code == 200
        return reply.text

    async def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', await self.page())
        assert found is not None
        return found[1]

    async def send(self, path: str, origin: str | None = HOME, **fields: str) -> httpx2.Response:
        headers = {} if origin is None else {"Origin": origin}
        return await self.client.post(path, data=fields, headers=headers)

    async def press(self, number: str, deed: Deed, seen: State, **fields: str) -> httpx2.Response:
        return await self.send(
            f"/cases/{number}", deed=deed, seen=seen, token=await self.token(), **fields
        )


@pytest.fixture
async def staff(tmp_path: Path, clock: Clock) -> AsyncIterator[Staff]:
    app = agency(tmp_path / "agency.sqlite", TOKENS, clock=clock)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=HOME) as client,
    ):
        yield Staff(client)


def card(page: str, number: str) -> str:
    found = re.search(rf'<article class="case" id="{number}".*?</article>', page, re.DOTALL)
    assert found is not None
    return found[0]


async def test_cases_of_all_agencies_newest_first(staff: Staff) -> None:
    made = await staff.post("/anip/demandes", REQUEST)
    page = await staff.page()
    numbers = re.findall(r'<article class="case" id="([^"]+)"', page)
    assert numbers == [made.json()["numero"], "EC-1043", "PL-2071", "EC-1042"]
    assert re.findall(r'id="([A-Z]{2}-\d+)"', await staff.page(agency="travail")) == ["PL-2071"]


async def test_a_case_says_where_it_is_and_what_comes_next(staff: Staff, clock: Clock) -> None:
    number = (await staff.post("/anip/demandes", REQUEST)).json()["numero"]
    shown = card(await staff.page(), number)
    assert "Acte d&#39;état civil : naissance. Cotonou." in shown
    assert ">reçue</span>" in shown
    assert "Ensuite : en cours, dans 60 s" in shown
    clock.turn(minutes=2)
    shown = card(await staff.page(lang="en"), number)
    assert "Next: ready, in 60 s" in shown
    assert "16/03 10:01:00" in shown, "the step is dated by its own time"


async def test_no_number_of_a_citizen_is_on_it(staff: Staff) -> None:
    await staff.post("/anip/demandes", REQUEST)
    await staff.post("/service/avis", {"avis": "Accueil agréable"})
    page = await staff.page()
    assert "•••• 09" in page
    for hidden in ("97000009", "1234567890", "Accueil agréable", "4826"):
        assert hidden not in page


async def test_what_a_citizen_wrote_is_text(staff: Staff) -> None:
    complaint = {
        "npi": "1234567890",
        "motif": "<script>alert(1)</script>",
        "employeur": "Atelier",
        "commune": "kandi",
        "faits": "2026-02-28",
    }
    assert (await staff.post("/travail/plaintes", complaint)).status_code == 201
    page = await staff.page()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_a_button_moves_the_case_on_and_leads_back_to_it(staff: Staff) -> None:
    reply = await staff.press("EC-1043", Deed.ADVANCE, State.UNDERWAY, lang="en", agency="anip")
    assert reply.status_code == 303
    assert reply.headers["Location"] == "/?lang=en&agency=anip&said=done#EC-1043"
    page = await staff.page(said="done", lang="en")
    assert "Done." in page
    shown = card(page, "EC-1043")
    assert ">ready</span>" in shown
    assert "(by hand)" in shown
    assert "News “ready”: leaves in a moment." in shown
    assert re.findall(r'name="deed" value="(\w+)"', shown) == ["back"]


async def test_a_case_that_has_moved_meanwhile_is_left_alone(staff: Staff) -> None:
    for expected in ("said=done", "said=moved"):
        reply = await staff.press("EC-1043", Deed.ADVANCE, State.UNDERWAY)
        assert expected in reply.headers["Location"]
    assert "Rien n&#39;a été fait" in await staff.page(said="moved")


async def test_what_is_said_is_of_our_own_words(staff: Staff) -> None:
    assert 'role="status"' not in await staff.page(said="<b>lang")


async def test_an_agency_misbehaves_as_it_was_told_to(staff: Staff) -> None:
    token = await staff.token()
    reply = await staff.send("/agencies/travail", token=token, mode=Mode.FAILING)
    assert reply.headers["Location"] == "/?lang=fr&said=mode#agencies"
    assert (await staff.get("/travail/attestations")).status_code == 503
    assert (await staff.get("/anip/demandes")).status_code == 200
    page = await staff.page()
    assert re.findall(r'<option value="([\w-]+)" selected>', page) == [
        "normal",
        "failing",
        "normal",
        "normal",
    ]


@pytest.mark.parametrize("origin", [None, "null", "https://ailleurs.example", "http://127.0.0.1"])
async def test_a_form_of_another_site_is_not_heard(staff: Staff, origin: str | None) -> None:
    token = await staff.token()
    reply = await staff.send("/agencies/anip", origin, token=token, mode=Mode.FAILING)
    assert reply.status_code == 403
    assert "Rechargez la page" in reply.text
    assert (await staff.get("/anip/demandes")).status_code == 200


@pytest.mark.parametrize("token", ["", "another", "é"])
async def test_a_form_without_its_token_is_not_heard(staff: Staff, token: str) -> None:
    for path, fields in (
        ("/agencies/anip", {"mode": "failing"}),
        ("/cases/EC-1043", {"deed": "refuse", "seen": "en cours"}),
    ):
        assert (await staff.send(path, token=token, **fields)).status_code == 403
    assert ">en cours</span>" in card(await staff.page(), "EC-1043")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/agencies/impots", {"mode": "failing"}),
        ("/agencies/anip", {"mode": "asleep"}),
        ("/agencies/anip", {}),
        ("/cases/EC-1043", {"deed": "burn", "seen": "en cours"}),
        ("/cases/EC-1043", {"deed": "advance", "seen": "lost"}),
        ("/cases/EC-1043", {f"more{rank}": "x" for rank in range(20)}),
        ("/cases/EC-1043", {"deed": "a" * 5000}),
    ],
)
async def test_a_form_that_the_page_would_not_send_is_not_heard(
    staff: Staff, path: str, fields: dict[str, str]
) -> None:
    reply = await staff.send(path, token=await staff.token(), **fields)
    assert reply.status_code == 403


async def test_a_form_is_not_json(staff: Staff) -> None:
    reply = await staff.client.post(
        "/agencies/anip", json={"mode": "failing"}, headers={"Origin": HOME}
    )
    assert reply.status_code == 403


async def test_a_case_that_there_is_not(staff: Staff) -> None:
    reply = await staff.press("EC-9999", Deed.ADVANCE, State.RECEIVED)
    assert "said=moved" in reply.headers["Location"]


async def test_headers_are_strict(staff: Staff) -> None:
    for reply in (
        await staff.client.get("/"),
        await staff.send("/agencies/anip"),
        await staff.press("EC-1043", Deed.ADVANCE, State.UNDERWAY),
    ):
        policy = reply.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "media"), [("/guichet.css", "text/css"), ("/icon.svg", "image/svg+xml")]
)
async def test_its_own_files(staff: Staff, path: str, media: str) -> None:
    reply = await staff.client.get(path)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith(media)


def test_both_languages_say_the_same() -> None:
    """And there is a word for all that may have to be said."""
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    for words in WORDS.values():
        assert all(text.strip() for text in words.values())
        for expected in (
            *(f"subject_{subject}" for subject in SUBJECTS),
            *(f"state_{state.name.lower()}" for state in State),
            *(f"deed_{deed}" for deed in Deed),
            *(f"mode_{mode}" for mode in Mode),
        ):
            assert expected in words
