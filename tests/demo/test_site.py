"""The shipped site and the demo's agencies agree: every operation is answered as it declares."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.backends.client import Client
from gateway.demo.agency import FIRST_PHONE, environment
from gateway.demo.communes import COMMUNES
from gateway.demo.labour import OFFICES
from gateway.events import CallRequest, Json, Outcome
from gateway.menu import load
from gateway.menu.program import Program
from tests.demo.conftest import TOKENS

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
NPI = "1234567890"

GIVEN: dict[str, dict[str, Json]] = {
    "anip.verifier_npi": {"answer": NPI},
    "anip.tarif": {"acte": "naissance", "copies": 2},
    "anip.creer_demande": {
        "npi": NPI, "acte": "deces", "commune": "kandi", "copies": 1, "secret": "4826",
    },
    "anip.mes_demandes": {},
    "travail.deposer_plainte": {
        "npi": NPI, "motif": "salaire", "employeur": "Atelier du Lac", "commune": "ouidah",
        "faits": "2026-02-28", "montant": 85000,
    },
    "travail.attestations": {"language": "fr"},
    "travail.verifier_matricule": {"answer": "104512"},
    "travail.demander_attestation": {
        "matricule": "104512", "document": "salaire", "secret": "4826",
    },
    "travail.creneaux": {"bureau": "tr-cot"},
    "travail.reserver": {"npi": NPI, "objet": "conseil", "creneau": "cot-0317-1"},
    "numerique.sessions": {"niveau": "debutant"},
    "numerique.inscrire": {
        "session": "deb-kan-0406", "nom": "Afi Dossou", "naissance": "1990-03-15",
    },
    "numerique.mon_inscription": {},
    "numerique.annuler": {"numero": "FN-0718"},
    "service.mes_demandes": {},
    "service.demandes_npi": {"npi": NPI, "secret": "4826"},
    "service.demande": {"reference": "EC-1042"},
    "service.demarche": {"sujet": "acte"},
    "service.deposer_avis": {"avis": "Accueil agréable", "nom": "Codjo"},
}  # fmt: skip
"""What the shipped menus send to each operation."""


@pytest.fixture(scope="module")
def program() -> Program:
    loaded = load(ROOT / "menus", (ROOT / "locales",), drafts=True)
    assert loaded.program is not None
    return loaded.program


@pytest.fixture
async def backends(app: Starlette, program: Program) -> AsyncIterator[Client]:
    made = Client(
        program.site,
        environment("http://127.0.0.1:9", TOKENS),
        http=httpx2.ASGITransport(app=app),
    )
    async with app.router.lifespan_context(app):
        yield made
    await made.close()


async def ask(backends: Client, program: Program, name: str, **more: Json) -> Any:
    backend, _, short = name.partition(".")
    operation = program.site.backends[backend].operations[short]
    request = CallRequest("c", name, 0, name, {**GIVEN[name], **more}, FIRST_PHONE)
    return await backends.exchange(
        request, operation, key=name, deadline=time.monotonic() + 5, correlation="r"
    )


async def test_every_operation_is_answered_as_the_site_declares(
    backends: Client, program: Program
) -> None:
    declared = [
        operation.name
        for backend in program.site.backends.values()
        for operation in backend.operations.values()
    ]
    assert sorted(declared) == sorted(GIVEN), "an operation without a case"
    outcomes = {name: (await ask(backends, program, name)).outcome for name in GIVEN}
    assert outcomes == dict.fromkeys(GIVEN, Outcome.OK)


async def test_answers_stay_within_their_declared_lengths(
    backends: Client, program: Program
) -> None:
    """What the checker measures is then really the worst case of the demo."""
    for name in GIVEN:
        backend, _, short = name.partition(".")
        operation = program.site.backends[backend].operations[short]
        answered = await ask(backends, program, name)
        records = answered.data if operation.many else [answered.data]
        for record in records:
            for field, declared in operation.gives.items():
                assert len(str(record[field])) <= max(declared.most, 20), (name, field)


@pytest.mark.parametrize(
    ("name", "more", "outcome"),
    [
        ("anip.verifier_npi", {"answer": "0001234567"}, Outcome.NOT_FOUND),
        ("anip.verifier_npi", {"answer": "12"}, Outcome.INVALID),
        ("anip.creer_demande", {"secret": "0000"}, Outcome.INVALID),
        ("anip.creer_demande", {"npi": "5030000000"}, Outcome.UNAVAILABLE),
        ("travail.deposer_plainte", {"faits": "2015-01-01"}, Outcome.REFUSED),
        ("travail.reserver", {"creneau": "nat-0317-1"}, Outcome.REFUSED),
        ("numerique.inscrire", {"session": "moy-cot-0406"}, Outcome.REFUSED),
        ("service.demande", {"reference": "EC-9999"}, Outcome.NOT_FOUND),
        ("service.deposer_avis", {"avis": " "}, Outcome.INVALID),
    ],
)
async def test_every_way_can_be_tried(
    backends: Client, program: Program, name: str, more: dict[str, Json], outcome: Outcome
) -> None:
    assert (await ask(backends, program, name, **more)).outcome is outcome


async def test_every_code_that_menus_send_is_known_to_the_agencies(program: Program) -> None:
    """Communes and offices stand in the menus' tables and in the agencies' own registers."""
    assert {row["code"] for row in program.tables["communes"].rows} == set(COMMUNES)
    offices = {row["code"] for row in program.tables["bureaux"].rows if row["agence"] == "travail"}
    assert offices == set(OFFICES)
