"""The demo's back end keeps the contract that it shows to agencies' developers."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.demo.agency import AGENCIES, FIRST_PHONE, agency, environment
from tests.demo.conftest import TOKENS, Clock, Counter

pytestmark = pytest.mark.anyio

NPI = "1234567890"
REQUEST = {
    "npi": NPI,
    "acte": "naissance",
    "commune": "cotonou",
    "copies": 2,
    "secret": "4826",
}


async def test_a_request_for_an_act_is_numbered_and_found_again(counter: Counter) -> None:
    made = await counter.post("/anip/demandes", REQUEST)
    assert made.status_code == 201
    number = made.json()["numero"]
    assert made.json() == {"numero": number, "mairie": "Cotonou"}
    mine = (await counter.get("/anip/demandes")).json()
    assert mine == [
        {"numero": number, "objet": "naissance", "statut": "reçue", "mairie": "Cotonou"}
    ]
    counter.phone = "+2290197000008"
    assert (await counter.get("/anip/demandes")).json() == []


async def test_one_idempotency_key_is_one_request(counter: Counter) -> None:
    first = await counter.post("/anip/demandes", REQUEST, key="same")
    again = await counter.post("/anip/demandes", REQUEST, key="same")
    assert again.json() == first.json()
    assert len((await counter.get("/anip/demandes")).json()) == 1


async def test_a_key_for_another_request_is_refused(counter: Counter) -> None:
    await counter.post("/anip/demandes", REQUEST, key="same")
    other = await counter.post("/anip/demandes", {**REQUEST, "copies": 3}, key="same")
    assert other.status_code == 400


async def test_requests_advance_with_time(counter: Counter, clock: Clock) -> None:
    number = (await counter.post("/anip/demandes", REQUEST)).json()["numero"]
    seen = []
    for minutes in (0, 2, 10):
        clock.turn(minutes=minutes)
        seen.append((await counter.get(f"/service/demandes/{number}")).json()["statut"])
    assert seen == ["reçue", "en cours", "prête"]


async def test_a_token_is_asked_for_at_every_agency(counter: Counter) -> None:
    for name in AGENCIES:
        wrong = {"Authorization": "Bearer another", "Citizen-Phone": counter.phone}
        path = f"/{name}/demandes" if name in ("anip", "service") else f"/{name}/attestations"
        path = "/numerique/sessions?niveau=moyen" if name == "numerique" else path
        assert (await counter.client.get(path, headers=wrong)).status_code == 401
        assert (await counter.client.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("answer", "status"), [(NPI, 200), ("0001234567", 404), ("12", 422), ("abcdefghij", 422)]
)
async def test_an_npi_is_verified(counter: Counter, answer: str, status: int) -> None:
    reply = await counter.post("/anip/identites/verification", {"answer": answer})
    assert reply.status_code == status


async def test_an_agency_that_fails_on_purpose(counter: Counter) -> None:
    reply = await counter.post("/anip/identites/verification", {"answer": "5030000000"})
    assert reply.status_code == 503


@pytest.mark.parametrize(
    ("act", "copies", "francs"),
    [("naissance", "3", 1500), ("mariage", "1", 1000), ("deces", "5", 0)],
)
async def test_prices(counter: Counter, act: str, copies: str, francs: int) -> None:
    reply = await counter.get(f"/anip/tarifs/{act}", copies=copies)
    assert reply.json()["frais"] == francs


async def test_three_wrong_codes_block_until_tomorrow(counter: Counter, clock: Clock) -> None:
    wrong = {"npi": NPI, "secret": "0000"}
    search = "/service/demandes/recherche"
    statuses = [(await counter.post(search, wrong)).status_code for _ in range(4)]
    assert statuses == [422, 422, 409, 409]
    right = {"npi": NPI, "secret": "4826"}
    assert (await counter.post(search, right)).status_code == 409
    clock.turn(days=1)
    assert (await counter.post(search, right)).status_code == 200


async def test_a_wrong_code_can_be_corrected_under_the_same_key(counter: Counter) -> None:
    wrong = await counter.post("/anip/demandes", {**REQUEST, "secret": "0000"}, key="k")
    right = await counter.post("/anip/demandes", REQUEST, key="k")
    assert (wrong.status_code, right.status_code) == (422, 201)


async def test_a_complaint_goes_to_the_direction_of_its_department(counter: Counter) -> None:
    complaint = {
        "npi": NPI,
        "motif": "salaire",
        "employeur": "Atelier du Lac",
        "commune": "kandi",
        "faits": "2026-02-28",
    }
    made = await counter.post("/travail/plaintes", complaint)
    assert made.json()["bureau"] == "Direction Parakou"
    old = await counter.post("/travail/plaintes", {**complaint, "faits": "2019-01-01"})
    assert old.status_code == 409
    coming = await counter.post("/travail/plaintes", {**complaint, "faits": "2026-03-17"})
    assert coming.status_code == 422


async def test_certificates_are_named_in_her_language(counter: Counter) -> None:
    english = (await counter.get("/travail/attestations", language="en")).json()
    french = (await counter.get("/travail/attestations", language="fon")).json()
    assert english[0] == {"code": "service", "nom": "Service certificate"}
    assert french[0] == {"code": "service", "nom": "Attestation de service"}
    made = await counter.post(
        "/travail/attestations",
        {"matricule": "104512", "document": "service", "secret": "4826"},
    )
    assert made.json()["jours"] == 5
    unknown = await counter.post("/travail/agents/verification", {"answer": "999999"})
    assert unknown.status_code == 404


async def test_a_slot_is_given_away_twice_and_no_more(counter: Counter) -> None:
    slots = (await counter.get("/travail/rendez-vous/creneaux", bureau="tr-cot")).json()
    assert {"code": "cot-0317-1", "jour": "2026-03-17", "heure": "09:00", "places": 2} in slots
    booking = {"npi": NPI, "objet": "conseil", "creneau": "cot-0317-1"}
    statuses = [(await counter.post("/travail/rendez-vous", booking)).status_code for _ in range(3)]
    assert statuses == [201, 201, 409]
    full = (await counter.get("/travail/rendez-vous/creneaux", bureau="tr-nat")).json()
    assert {slot["places"] for slot in full} == {0}


async def test_slots_are_on_working_days(counter: Counter, clock: Clock) -> None:
    clock.turn(days=4)  # a Friday
    slots = (await counter.get("/travail/rendez-vous/creneaux", bureau="tr-par")).json()
    days = sorted({slot["jour"] for slot in slots})
    assert days == ["2026-03-23", "2026-03-24", "2026-03-25", "2026-03-26"]


async def test_an_enrolment_is_seen_cancelled_and_gives_its_place_back(
    counter: Counter, clock: Clock
) -> None:
    async def places() -> dict[str, int]:
        offered = (await counter.get("/numerique/sessions", niveau="debutant")).json()
        return {session["code"]: session["places"] for session in offered}

    before = await places()
    code = next(iter(before))
    enrolment = {"session": code, "nom": "Afi Dossou", "naissance": "1990-03-15"}
    number = (await counter.post("/numerique/inscriptions", enrolment)).json()["numero"]
    assert (await places())[code] == before[code] - 1
    clock.turn(minutes=2)
    mine = (await counter.get("/numerique/inscriptions/mienne")).json()
    assert mine == {
        "numero": number,
        "ville": "Cotonou",
        "debut": "2026-03-30",
        "statut": "confirmée",
    }
    cancelling = f"/numerique/inscriptions/{number}/annulation"
    owner, counter.phone = counter.phone, "+2290197000008"
    assert (await counter.post(cancelling, {})).status_code == 404, "somebody else's"
    counter.phone = owner
    assert (await counter.post(cancelling, {})).json() == {"numero": number}
    assert (await counter.post(cancelling, {})).status_code == 409
    assert await places() == before


async def test_nobody_cancels_the_day_before(counter: Counter, clock: Clock) -> None:
    enrolment = {"session": "deb-cot-0330", "nom": "Afi Dossou", "naissance": "1990-03-15"}
    number = (await counter.post("/numerique/inscriptions", enrolment)).json()["numero"]
    clock.turn(days=13)
    late = await counter.post(f"/numerique/inscriptions/{number}/annulation", {})
    assert late.status_code == 409


async def test_a_full_session_and_a_child_are_refused(counter: Counter) -> None:
    adult = {"session": "moy-cot-0406", "nom": "Afi Dossou", "naissance": "1990-03-15"}
    assert (await counter.post("/numerique/inscriptions", adult)).status_code == 409
    child = {**adult, "session": "deb-cot-0330", "naissance": "2020-01-01"}
    assert (await counter.post("/numerique/inscriptions", child)).status_code == 422
    assert (await counter.get("/numerique/inscriptions/mienne")).status_code == 404


async def test_the_service_centre_sees_every_agency(counter: Counter) -> None:
    await counter.post("/anip/demandes", REQUEST)
    await counter.post(
        "/numerique/inscriptions",
        {"session": "deb-cot-0330", "nom": "Afi Dossou", "naissance": "1990-03-15"},
    )
    opinion = await counter.post("/service/avis", {"avis": "Accueil agréable"})
    assert opinion.json()["numero"].startswith("AV-")
    listed = (await counter.get("/service/demandes")).json()
    assert [entry["objet"] for entry in listed] == ["formation", "acte"]
    assert listed[1]["date"] == "2026-03-16"
    by_npi = (
        await counter.post("/service/demandes/recherche", {"npi": NPI, "secret": "4826"})
    ).json()
    assert listed[1] in by_npi


async def test_a_reference_is_found_however_it_is_typed(counter: Counter) -> None:
    number = (await counter.post("/anip/demandes", REQUEST)).json()["numero"]
    typed = number.replace("-", "").lower()
    assert (await counter.get(f"/service/demandes/{typed}")).json()["numero"] == number
    assert (await counter.get("/service/demandes/EC-9999")).status_code == 404


@pytest.mark.parametrize("subject", ["acte", "plainte", "attestation", "formation"])
async def test_every_procedure_has_a_price(counter: Counter, subject: str) -> None:
    answer = (await counter.get(f"/service/demarches/{subject}")).json()
    assert answer["frais"] >= 0
    assert answer["jours"] > 0


async def test_the_first_phone_has_something_to_look_up(counter: Counter) -> None:
    counter.phone = FIRST_PHONE
    statuses = {entry["statut"] for entry in (await counter.get("/service/demandes")).json()}
    assert statuses == {"en cours", "prête"}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b"[" * 5000, b'{"npi": "\xff"}', b" " * 70_000]
)
async def test_a_body_that_is_no_object_is_a_bad_request(counter: Counter, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['anip']}"}
    reply = await counter.client.post("/anip/demandes", content=body, headers=headers)
    assert reply.status_code == 400


@pytest.mark.parametrize("missing", ["npi", "acte", "commune", "secret"])
async def test_a_request_that_lacks_something_is_invalid(counter: Counter, missing: str) -> None:
    given = {name: value for name, value in REQUEST.items() if name != missing}
    assert (await counter.post("/anip/demandes", given)).status_code == 422


async def test_requests_outlive_the_process(tmp_path: Path, clock: Clock) -> None:
    """The same file in a second application: what was asked yesterday is there."""
    path = tmp_path / "kept.sqlite"
    for expected in (1, 2):
        app: Starlette = agency(path, TOKENS, clock=clock)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=app), base_url="http://agency"
            ) as client,
        ):
            counter = Counter(client)
            await counter.post("/anip/demandes", REQUEST, key=f"run-{expected}")
            assert len((await counter.get("/anip/demandes")).json()) == expected


async def test_no_secret_code_is_written_down(tmp_path: Path, counter: Counter) -> None:
    await counter.post("/anip/demandes", {**REQUEST, "secret": "739164"})
    written = _written(tmp_path)
    assert NPI.encode() in written
    assert b"739164" not in written


def _written(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_the_environment_names_every_agency() -> None:
    given = environment("http://127.0.0.1:9", TOKENS)
    assert given["ANIP_URL"] == "http://127.0.0.1:9/anip"
    assert len(given) == 2 * len(AGENCIES)
