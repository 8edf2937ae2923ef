"""Scenario files: every key, and every fault with its place and a hint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.events import Outcome
from gateway.scenarios.reading import read
from gateway.scenarios.scenario import Enter, HangUp, Shows, Swap, Wait
from tests.scenarios.town import lay, program, read_text, scenario

EVERYTHING = """\
- test: Tout ce qu'un scénario peut dire
  dial: "*229*1#"
  phone: "0197000009"
  operator: moov
  language: en
  at: 2026-03-15 18:30
  backends:
    mairie.tarif: { frais: 500, jours: 2 }
    mairie.deposer: unavailable
    mairie.demandes: [{ numero: A1, statut: prete }]
    mairie.bureau: { after: 2s, ouvert: yes, depuis: 2026-01-05 }
    mairie.presence: ok
  play:
    - shows: Votre nom
    - enter: "00"
    - wait: 90s
    - hang_up: 3m
    - backends:
        mairie.deposer: { after: 6s }
    - enter: 4826
    - ends: |
        Merci
        de votre avis
  sms: [recu]
  callback: []
  hidden: ["4826", A1]
"""


def test_a_scenario_may_say_all_of_this() -> None:
    only = scenario(EVERYTHING)
    assert only.name == "Tout ce qu'un scénario peut dire"
    assert (only.dial, only.phone, only.network) == ("*229*1#", "+2290197000009", "61602")
    assert (only.language, only.sms, only.callbacks) == ("en", ("recu",), ())
    assert only.hidden == ("4826", "A1")
    assert only.at.utcoffset() == timedelta(hours=1)
    assert only.at == datetime(2026, 3, 15, 17, 30, tzinfo=UTC)


def test_moves_are_read_in_order_with_their_places() -> None:
    moves = scenario(EVERYTHING).moves
    kinds = [Shows, Enter, Wait, HangUp, Swap, Enter, Shows]
    assert [type(move) for move in moves] == kinds
    assert [move.place.line for move in moves] == [14, 15, 16, 17, 18, 20, 21]
    first, enter, wait, cut, _, _, last = moves
    assert isinstance(first, Shows)
    assert (first.text, first.ends) == ("Votre nom", False)
    assert isinstance(enter, Enter)
    assert enter.text == "00"
    assert isinstance(wait, Wait)
    assert wait.seconds == 90
    assert isinstance(cut, HangUp)
    assert cut.seconds == 180
    assert isinstance(last, Shows)
    assert last.ends


def test_answers_of_back_ends_keep_the_kinds_that_were_declared() -> None:
    answers = scenario(EVERYTHING).backends
    assert answers["mairie.tarif"].data == {"frais": 500, "jours": 2}
    assert answers["mairie.deposer"].outcome is Outcome.UNAVAILABLE
    assert answers["mairie.demandes"].data == [{"numero": "A1", "statut": "prete"}]
    assert answers["mairie.bureau"].data == {"ouvert": True, "depuis": "2026-01-05"}
    assert answers["mairie.bureau"].after == 2.0
    assert answers["mairie.presence"].data == {}


FAULTS = {
    "no list": ("test: Essai", "bad-value", (1, 1), "- test:"),
    "no map": ("- Essai", "bad-value", (1, 3), ""),
    "no name": ("- play: [enter: 1]", "missing-key", (1, 3), "- test:"),
    "an empty name": ("- test:\n  play: [enter: 1]", "empty-value", (1, 8), ""),
    "no moves": ("- test: a", "missing-key", (1, 3), "play:"),
    "moves as a map": ("- test: a\n  play: { enter: 1 }", "bad-value", (2, 9), "- enter: 1"),
    "an unknown key": (
        "- test: a\n  plai: []\n  play: [enter: 1]",
        "unknown-key",
        (2, 3),
        "« play »",
    ),
    "an unknown move": ("- test: a\n  play: [entre: 1]", "unknown-key", (2, 10), "« enter »"),
    "two moves in one": (
        "- test: a\n  play:\n    - enter: 1\n      shows: x",
        "bad-value",
        (3, 7),
        "a dash",
    ),
    "a move without value": ("- test: a\n  play:\n    - enter", "bad-value", (3, 7), "enter: 1"),
    "nothing to show": ("- test: a\n  play:\n    - shows:", "empty-value", (3, 13), ""),
    "a text that a comment cuts": (
        "- test: a\n  play:\n    - shows: Tapez #1",
        "yaml-comment",
        (3, 20),
        "quotes",
    ),
    "a text that a colon cuts": (
        "- test: a\n  play:\n    - shows: Délai : 3 jours",
        "yaml-colon",
        (3, 20),
        "quotes",
    ),
    "a code as a move that opens nothing": (
        '- test: a\n  play:\n    - dial: "*230#"',
        "bad-code",
        (3, 13),
        "*229#",
    ),
    "no duration": ("- test: a\n  play: [wait: 3 min]", "bad-duration", (2, 16), "3m"),
    "no duration of a cut": ("- test: a\n  play: [hang_up: x]", "bad-duration", (2, 19), "3m"),
    "a code that opens nothing": (
        '- test: a\n  dial: "*230#"\n  play: [enter: 1]',
        "bad-code",
        (2, 9),
        "*229#",
    ),
    "no number": ("- test: a\n  phone: 12\n  play: [enter: 1]", "bad-value", (2, 10), "quotes"),
    "no operator": (
        "- test: a\n  operator: Mov\n  play: [enter: 1]",
        "bad-value",
        (2, 13),
        "« Moov »",
    ),
    "no language": (
        "- test: a\n  language: ff\n  play: [enter: 1]",
        "unknown-language",
        (2, 13),
        "fr",
    ),
    "no moment": ("- test: a\n  at: hier\n  play: [enter: 1]", "bad-value", (2, 7), "2026-03-15"),
    "no message": (
        "- test: a\n  play: [enter: 1]\n  sms: reçu",
        "unknown-message",
        (3, 8),
        "« recu »",
    ),
    "no queue": (
        "- test: a\n  play: [enter: 1]\n  callback: [acueil]",
        "unknown-queue",
        (3, 14),
        "« accueil »",
    ),
    "a secret that nobody types": (
        '- test: a\n  play: [enter: 1]\n  hidden: "4826"',
        "bad-value",
        (3, 11),
        "prove nothing",
    ),
    "an empty secret": (
        '- test: a\n  play: [enter: 1]\n  hidden: ""',
        "empty-value",
        (3, 11),
        "",
    ),
}

ANSWERS = {
    "no map": ("[]", "bad-value", (2, 13), "anip.tarif"),
    "no operation": ("{ mairie.tarifs: ok }", "unknown-operation", (2, 15), "« mairie.tarif »"),
    "no outcome": ("{ mairie.tarif: unavailible }", "bad-value", (2, 29), "« unavailable »"),
    "ok where more is given": ("{ mairie.tarif: ok }", "bad-value", (2, 29), "frais: …"),
    "a list for a record": ("{ mairie.tarif: [] }", "bad-value", (2, 29), ""),
    "a record for a list": (
        "{ mairie.demandes: { numero: A } }",
        "bad-value",
        (2, 32),
        "[{ numero: …",
    ),
    "no record in a list": ("{ mairie.demandes: [A] }", "bad-value", (2, 33), ""),
    "an unknown field": (
        "{ mairie.deposer: { numero: A, numro: B } }",
        "unknown-field",
        (2, 44),
        "« numero »",
    ),
    "a field that is not said": (
        "{ mairie.tarif: { frais: 5 } }",
        "missing-field",
        (2, 29),
        "unavailable",
    ),
    "a wait that somebody would sit out": (
        "{ mairie.tarif: { after: 1s } }",
        "missing-field",
        (2, 29),
        "",
    ),
    "no number": ("{ mairie.tarif: { frais: cinq, jours: 2 } }", "bad-value", (2, 38), ""),
    "no yes or no": (
        "{ mairie.bureau: { ouvert: oui, depuis: 2026-01-05 } }",
        "bad-value",
        (2, 40),
        "",
    ),
    "no day": (
        "{ mairie.bureau: { ouvert: no, depuis: 5/1/2026 } }",
        "bad-value",
        (2, 52),
        "2026-03-15",
    ),
    "no declared value": (
        "{ mairie.demandes: [{ numero: A, statut: prêt }] }",
        "bad-value",
        (2, 54),
        "« prete »",
    ),
    "a value that is none": (
        "{ mairie.deposer: { numero: [A] } }",
        "bad-value",
        (2, 41),
        "",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_place_and_hint(name: str) -> None:
    text, code, place, hint = FAULTS[name]
    found = read_text(text)[1]
    assert [(one.code, (one.place.line, one.place.column)) for one in found] == [(code, place)]
    assert hint in found[0].hint


@pytest.mark.parametrize("name", ANSWERS)
def test_a_wrong_answer_of_a_back_end_is_told(name: str) -> None:
    answers, code, place, hint = ANSWERS[name]
    found = read_text(f"- test: a\n  backends: {answers}\n  play: [enter: 1]")[1]
    assert [(one.code, (one.place.line, one.place.column)) for one in found] == [(code, place)]
    assert hint in found[0].hint


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    menus = lay(tmp_path)
    (menus / "acte.test.yaml").write_text("- test: a\n  play: [wait: x, entre: 1]\n- b\n")
    (menus / "acté.test.yaml").write_text("- test: a\n  play: [enter: 1]\n")
    (menus / "guichet.test.yaml").write_bytes(b"- test: a\n- test: \xe9\n")
    (menus / "commun" / "nom.test.yml").write_text("- test: a\n")
    (menus / "vide.test.yaml").write_text("# plus tard\n")
    (menus / ".cache").mkdir()
    (menus / ".cache" / "acte.test.yaml").write_text("- x")
    scenarios, findings = read(program(), menus)
    found = [(Path(one.place.file).name, one.place.line, one.code) for one in findings]
    assert sorted(found) == [
        ("acte.test.yaml", 2, "bad-duration"),
        ("acte.test.yaml", 2, "unknown-key"),
        ("acte.test.yaml", 3, "bad-value"),
        ("acté.test.yaml", 1, "unknown-service"),
        ("guichet.test.yaml", 2, "file-encoding"),
        ("nom.test.yml", 1, "file-name"),
        ("vide.test.yaml", 1, "file-empty"),
    ]
    assert "did you mean « acte »?" in {one.hint for one in findings}
    assert [one.name for one in scenarios] == ["a"]


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    menus = lay(tmp_path)
    (menus / "acte.test.yaml").mkdir()
    (menus / "guichet.test.yaml").symlink_to(tmp_path / "nowhere")
    codes = {one.code for one in read(program(), menus)[1]}
    assert codes == {"file-unreadable"}


def test_files_are_read_in_order_whatever_marks_and_line_breaks_they_have(tmp_path: Path) -> None:
    menus = lay(tmp_path)
    (menus / "guichet.test.yaml").write_bytes(
        b"\xef\xbb\xbf- test: b\r\n  play:\r\n    - enter: 1\r\n"
    )
    (menus / "acte.test.yaml").write_text("- test: a\n  play: [enter: 1]\n")
    scenarios, findings = read(program(), menus)
    assert findings == ()
    assert [(one.service, one.name) for one in scenarios] == [("acte", "a"), ("guichet", "b")]
    assert scenarios[1].moves[0].place.line == 3


def test_two_scenarios_of_one_name_are_told() -> None:
    """Which of them failed could not be told."""
    one = "- test: Un essai\n  play:\n    - shows: Quel acte\n"
    _, findings = read_text(one + one)
    assert [(finding.code, finding.message.split(" is ")[-1]) for finding in findings] == [
        ("duplicate-key", "called « Un essai » already")
    ]
