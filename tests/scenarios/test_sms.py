"""Scenarios by SMS, and such that change the channel: played, compared, written down, saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.menu.findings import Findings
from gateway.scenarios.play import play
from gateway.scenarios.reading import read_file
from gateway.scenarios.writing import rewrite
from tests.scenarios.test_terminal import Session
from tests.scenarios.town import FILE, failures, lay, moves, played, program, scenario

BACKENDS = """
backends:
  mairie.tarif: { frais: 500, jours: 2 }
  mairie.deposer: { numero: EC-1042 }
"""
BOTH = """\
- test: Commencé par SMS, fini par un appel
  backends:
    mairie.tarif: { frais: 500, jours: 2 }
    mairie.deposer: { numero: EC-1042 }
  play:
    - sms: Acte 1
    - shows: nom
    - sms: Afi Dossou
    - shows: Payer 500 F
    - sms: 1
    - shows: composez *229#
    - wait: 3h
    - dial: "*229#"
    - shows: reprendre
    - enter: 1
    - shows: Votre code
    - enter: 4826
    - enter: 5
    - ends: Merci
  sms: recu
  hidden: "4826"
"""


def told(*lines: str, head: str = BACKENDS) -> list[str]:
    return [failure.message for failure in failures(moves(*lines, head=head))]


def test_it_begins_by_sms_without_dialling_and_goes_on_by_a_call() -> None:
    results = played(BOTH)
    assert [(one.language, one.failures) for one in results] == [("fr", []), ("en", [])]
    assert results[0].pages[0].text.startswith("Votre nom")


def test_a_call_is_gone_on_with_by_sms() -> None:
    assert not told(
        "shows: Quel acte ?",
        "enter: 1",
        "sms: bonjour",
        "shows: reprendre",
        "sms: 1",
        "sms: Afi",
        "shows: Payer 500 F",
        "sms: menu",
        "shows: Quel acte ?",
        head="backends: { mairie.tarif: { frais: 500, jours: 2 } }",
    )


def test_the_words_of_the_short_code_are_answered_beside_the_conversation() -> None:
    assert not told(
        "sms: acte",
        "sms: Aide",
        "shows: Écrivez MENU au 8585",
        "sms: stop",
        "shows: plus de SMS du 8585",
        "sms: 1",
        "shows: nom",
        head="",
    )


def test_what_came_by_sms_is_not_answered_by_a_key() -> None:
    [message] = told("sms: acte", "enter: 1", head="")
    assert message == "the last page came by SMS: answer it by « sms: », or « dial: » first"


def test_other_languages_are_led_the_same_way() -> None:
    [message] = told("sms: acte", "sms: Mariage", head="")
    assert "words are an answer in one language" in message


def test_drafts_whose_alphabet_has_other_pages_are_played_too() -> None:
    results = play(program(drafts=True), scenario(BOTH))
    assert [(one.language, one.failures) for one in results] == [
        ("fr", []),
        ("en", []),
        ("fon", []),
    ]


def test_what_came_is_written_behind_the_messages() -> None:
    bare = moves('sms: ""', 'sms: "1"', 'dial: "*229*1#"')
    findings = Findings()
    scenarios = read_file(program(), FILE, "acte", bare, findings)
    new = rewrite(program(), bare, [play(program(), one)[0] for one in scenarios])
    assert new.text is not None, new.reason
    assert [line.strip() for line in new.text.splitlines() if "- " in line] == [
        "- test: Essai",
        '- sms: ""',
        "- shows: |",
        '- sms: "1"',
        "- shows: |",
        '- dial: "*229*1#"',
        "- shows: |",
    ]
    assert not len(findings)


# ---- in the terminal -------------------------------------------------------------------------


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(lay(tmp_path))


def test_a_message_is_answered_below_its_size(session: Session) -> None:
    shown = session.type("1", ":sms bonjour")
    assert "SMS " in shown
    assert "/306 septets" in shown
    assert "reprendre" in shown
    assert "this came by SMS" in session.type("1")
    assert "Votre nom" in session.type(":sms 1")
    assert "SMS: 1 segment" in session.type(":sms AIDE")
    assert "reprendre" in session.type(":redial 1h")


def test_it_is_saved_and_its_secret_is_not(session: Session) -> None:
    session.type("1", "Afi Dossou", ":sms x", ":sms 1", ":sms 1", ":sms 4826", ":sms aide")
    said = session.type(":redial 1m", "1", "4826", ":save par deux voies")
    assert "saved to" in said, said
    text = (session.menus / "acte.test.yaml").read_text(encoding="utf-8")
    assert "4826" not in text
    assert "- sms: aide" in text
    findings = Findings()
    [again] = read_file(program(), "acte.test.yaml", "acte", text, findings)
    assert not play(program(), again)[0].failures


def test_edited_menus_get_the_same_messages_again(session: Session) -> None:
    session.type(":sms acte", ":sms 2")
    session.printed.truncate(0)
    session.terminal.take_up(program())
    assert "Votre nom" in session.printed.getvalue()
