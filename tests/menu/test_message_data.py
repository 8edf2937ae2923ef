"""What an agency may send with a message, and what it is told where it doesn't fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.events import Json
from gateway.menu.message_data import DataFault, check_data, typed
from gateway.menu.program import Message
from tests.menu.folder import program

MENU = """title: Essai
agency: mairie
flow:
  start:
    - end: Fin.
messages:
  pret:
    data: { numero: 5, jour: date, statut: [bon, refus], frais: money, n: number, oui: yes_no }
    text: "{numero} {jour|date} {statut} {frais} {n} {oui}"
"""
RIGHT: Mapping[str, Json] = {
    "numero": "EC-10",
    "jour": "2026-03-15",
    "statut": "bon",
    "frais": 2500,
    "n": 2.5,
    "oui": True,
}


@pytest.fixture
def message(tmp_path: Path) -> Message:
    return program(tmp_path, {"essai.yaml": MENU}).services["essai"].messages["pret"]


def faults(message: Message, data: Mapping[str, Json]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code.value) for fault in check_data(message, data)]


def test_what_is_right_has_no_fault(message: Message) -> None:
    """As JSON says it, and as the cells of a CSV do."""
    assert check_data(message, RIGHT) == []
    cells: Mapping[str, Json] = {
        **RIGHT,
        "numero": " EC-10 ",
        "frais": "2500",
        "n": "-2.5",
        "oui": "No",
    }
    assert check_data(message, cells) == []
    assert typed(message, cells) == {
        **RIGHT,
        "n": -2.5,
        "oui": False,
    }


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("numero", None, DataFault.MISSING),
        ("numero", "  ", DataFault.EMPTY),
        ("numero", "EC-104", DataFault.TOO_LONG),
        ("numero", 1042, DataFault.NOT_A_TEXT),
        ("numero", ["E"], DataFault.NOT_A_TEXT),
        ("numero", "a\nb", DataFault.BAD_CHARACTER),
        ("numero", "a\u2028b", DataFault.BAD_CHARACTER),
        ("jour", "15/03/2026", DataFault.NOT_A_DATE),
        ("jour", "2026-02-30", DataFault.NOT_A_DATE),
        ("jour", 20260315, DataFault.NOT_A_DATE),
        ("statut", "mauvais", DataFault.NOT_ONE_OF),
        ("statut", 1, DataFault.NOT_ONE_OF),
        ("frais", "2 500 F", DataFault.NOT_A_NUMBER),
        ("frais", True, DataFault.NOT_A_NUMBER),
        ("frais", float("nan"), DataFault.NOT_A_NUMBER),
        ("n", "١٢", DataFault.NOT_A_NUMBER),
        ("n", 10**12, DataFault.TOO_LONG),
        ("oui", "peut-être", DataFault.NOT_YES_OR_NO),
        ("oui", 1, DataFault.NOT_YES_OR_NO),
    ],
)
def test_a_fault_names_its_field(message: Message, field: str, value: Json, code: str) -> None:
    """With a stable code, and without repeating what was given."""
    data = {**RIGHT, field: value}
    assert faults(message, data) == [(field, code)]
    if isinstance(value, str) and value.strip():
        assert value not in check_data(message, data)[0].detail


def test_everything_is_told_at_once(message: Message) -> None:
    """In the order of the declaration; then what is not declared."""
    data: Mapping[str, Json] = {"nom": "Afi", "jour": "x", "statut": "bon", "n": 1, "oui": True}
    assert faults(message, data) == [
        ("numero", "missing"),
        ("jour", "not-a-date"),
        ("frais", "missing"),
        ("nom", "unknown"),
    ]


def test_letters_are_counted_as_they_are_read(message: Message) -> None:
    """An accent that was typed apart is no character of its own."""
    assert check_data(message, {**RIGHT, "numero": "e\u0301" * 5}) == []
