"""The Ministry of Labour: complaints, certificates, appointments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from gateway.demo.communes import COMMUNES
from gateway.demo.exchange import Asked, Operation, Refusal, check_code, check_npi, operation
from gateway.demo.news import HOURS, working_day

OPERATIONS: list[Operation] = []

OFFICES = {  # by the code of `bureau`: its name in a slot's code, its address
    "tr-cot": ("cot", "Quartier Ganhi"),
    "tr-pno": ("pno", "Quartier Ouando"),
    "tr-par": ("par", "Quartier Albarika"),
    "tr-nat": ("nat", "Quartier Ourbouga"),
}
_DIRECTIONS = {
    "Ouémé": "Direction Porto-Novo",
    "Plateau": "Direction Porto-Novo",
    "Borgou": "Direction Parakou",
    "Alibori": "Direction Parakou",
    "Collines": "Direction Parakou",
    "Atacora": "Direction Natitingou",
    "Donga": "Direction Natitingou",
}  # all others go to Cotonou
_MINISTRIES = ("Santé", "Éducation", "Justice", "Finances", "Agriculture", "Énergie")
_CERTIFICATES = {  # the paper: working days, its name in French and in English
    "service": (5, "Attestation de service", "Service certificate"),
    "salaire": (3, "Attestation de salaire", "Salary certificate"),
    "presence": (1, "Certificat de présence", "Proof of presence"),
}
_TOO_OLD = timedelta(days=5 * 365)  # an inspector takes up what is younger
_COMPLAINT = 30  # working days that an inspection takes
_PLACES = 2  # citizens in one slot
_DAYS_AHEAD = 4


@operation(OPERATIONS, "travail", "POST", "/plaintes")
def complain(asked: Asked) -> Any:
    npi = asked.text("npi")
    check_npi(npi)
    reason, _ = asked.text("motif"), asked.text("employeur")
    commune = COMMUNES.get(asked.text("commune"))
    try:
        since = date.fromisoformat(asked.text("faits"))
    except ValueError:
        raise Refusal(422) from None
    if commune is None or since > asked.today:
        raise Refusal(422)
    if asked.today - since > _TOO_OLD:
        raise Refusal(409)
    office = _DIRECTIONS.get(commune.department, "Direction Cotonou")
    made = asked.ledger.record(
        "PL", "plainte", reason, office, phone=asked.phone, npi=npi, days=_COMPLAINT
    )
    return {"numero": made.number, "bureau": office}


@operation(OPERATIONS, "travail", "POST", "/agents/verification", changes=False)
def verify(asked: Asked) -> Any:
    return {"administration": _ministry(asked.text("answer"))}


@operation(OPERATIONS, "travail", "GET", "/attestations")
def certificates(asked: Asked) -> Any:
    english = asked.given.get("language") == "en"
    return [
        {"code": code, "nom": in_english if english else in_french}
        for code, (_, in_french, in_english) in _CERTIFICATES.items()
    ]


@operation(OPERATIONS, "travail", "POST", "/attestations")
def ask_certificate(asked: Asked) -> Any:
    staff = asked.text("matricule")
    _ministry(staff)
    certificate = _CERTIFICATES.get(asked.text("document"))
    if certificate is None:
        raise Refusal(422)
    check_code(asked, staff)
    made = asked.ledger.record(
        "AT",
        "attestation",
        certificate[1],
        "Direction Cotonou",
        phone=asked.phone,
        days=certificate[0],
    )
    return {"numero": made.number, "jours": certificate[0]}


@dataclass(frozen=True, slots=True)
class _Slot:
    code: str
    day: date
    hour: str
    places: int
    address: str


@operation(OPERATIONS, "travail", "GET", "/rendez-vous/creneaux")
def slots(asked: Asked) -> Any:
    office = asked.text("bureau")
    if office not in OFFICES:
        raise Refusal(422)
    return [
        {
            "code": slot.code,
            "jour": slot.day.isoformat(),
            "heure": slot.hour,
            "places": slot.places,
        }
        for slot in _slots(asked, office)
    ]


@operation(OPERATIONS, "travail", "POST", "/rendez-vous")
def book(asked: Asked) -> Any:
    npi = asked.text("npi")
    check_npi(npi)
    code = asked.text("creneau")
    office = f"tr-{code[:3]}"
    free = [
        slot
        for slot in (_slots(asked, office) if office in OFFICES else ())
        if slot.code == code and slot.places > 0
    ]
    if not free:
        raise Refusal(409)
    address = free[0].address
    made = asked.ledger.record("RV", "rendez-vous", code, address, phone=asked.phone, npi=npi)
    return {"numero": made.number, "adresse": address}


def _slots(asked: Asked, office: str) -> Iterator[_Slot]:
    """Hours of the next working days. In Natitingou all are taken: that happens too."""
    short, address = OFFICES[office]
    day = asked.today
    for _ in range(_DAYS_AHEAD):
        day = working_day(day + timedelta(days=1))
        for index, hour in enumerate(HOURS, 1):
            code = f"{short}-{day:%m%d}-{index}"
            places = 0 if short == "nat" else _PLACES - asked.ledger.taken("rendez-vous", code)
            yield _Slot(code, day, hour, max(places, 0), address)


def _ministry(staff: str) -> str:
    if not (len(staff) == 6 and staff.isdecimal()):
        raise Refusal(422)
    if staff == "999999":
        raise Refusal(404)
    return _MINISTRIES[int(staff) % len(_MINISTRIES)]
