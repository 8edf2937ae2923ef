"""The phone in the terminal: what it shows, its commands, and what it saves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from gateway.events import Outcome
from gateway.menu.findings import Findings
from gateway.menu.program import Program
from gateway.scenarios.play import play
from gateway.scenarios.reading import read_file
from gateway.scenarios.terminal import COMMANDS, Quit, Terminal
from gateway.scenarios.view import View
from tests.scenarios.town import lay, program

NOW = datetime(2026, 3, 16, 10, 30, tzinfo=ZoneInfo("Africa/Porto-Novo"))
REQUEST = ["1", "Afi Dossou", "1", "4826", "5"]


class Session:
    """A terminal, and what it printed."""

    def __init__(
        self,
        folder: Path,
        opens: str = "*229*1#",
        language: str | None = "fr",
        menus: Program | None = None,
        fails: dict[str, Outcome] | None = None,
    ) -> None:
        self.printed = io.StringIO()
        self.menus = folder
        self.terminal = Terminal(
            program=menus or program(),
            view=View(Console(file=self.printed, width=80, highlight=False)),
            folder=folder,
            opens=opens,
            number="+2290197000001",
            network="61603",
            language=language,
            now=NOW,
            fails=fails or {},
        )
        self.terminal.dial()

    def type(self, *lines: str) -> str:
        """What the last of these lines brought to the screen."""
        for line in lines:
            self.printed.seek(0)
            self.printed.truncate()
            self.terminal.line(line)
        return self.printed.getvalue()

    @property
    def all(self) -> str:
        return self.printed.getvalue()

    def saved(self, service: str, name: str = "Essai") -> str:
        """The file that `:save` wrote, once it is sure that it holds."""
        told = self.type(f":save {name}")
        path = self.menus / f"{service}.test.yaml"
        assert told == f"saved to {path}\n"
        text = path.read_text(encoding="utf-8")
        assert outcomes(text, service) == []
        return text


def outcomes(text: str, service: str) -> Sequence[str]:
    """What `gateway test` says of a file: its findings, else its failures in all languages."""
    findings = Findings()
    scenarios = read_file(program(), f"{service}.test.yaml", service, text, findings)
    if len(findings):
        return [finding.message for finding in findings.in_order()]
    return [
        f"{one.language}: {failure.message}"
        for scenario in scenarios
        for one in play(program(), scenario)
        for failure in one.failures
    ]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(lay(tmp_path))


# ---- what is shown -------------------------------------------------------------------------


def test_a_page_stands_in_its_budget_with_its_place(session: Session) -> None:
    lines = session.all.splitlines()
    assert lines[0].startswith("╭─ MTN 35/160 septets ─")
    assert [line.strip("│ ") for line in lines[1:4]] == [
        "Quel acte ?",
        "1. Naissance",
        "2. Mariage",
    ]
    assert lines[5].startswith("fr  acte#start  menu  ")
    assert lines[5].endswith("data/menus/acte.yaml:7")


def test_variables_calls_and_messages_are_shown_and_secrets_are_not(session: Session) -> None:
    printed = "".join(session.type(line) for line in REQUEST)
    assert 'nom = "Afi Dossou"' in printed
    assert 'call mairie.tarif(acte: "naissance") → ok { frais: 1500, jours: 3 }' in printed
    assert 'nom: "Afi Dossou", code: ••••) → ok { numero: "Numero 1" }' in printed
    assert "code = ••••" in printed
    assert "SMS recu: 1 segment, 48 septets" in printed
    assert "Demande Numero 1 recue." in printed
    assert 'rate { score: 5, language: "fr"' in printed
    assert "the call has ended" in printed
    assert "4826" not in printed
    assert "+229019" not in printed


def test_of_several_pages_it_says_which_one(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), "guichet")
    assert "page 1 of 3" in session.type("4")
    assert "page 2 of 3" in session.type("98")


def test_after_the_end_nothing_is_typed(session: Session) -> None:
    session.type(*REQUEST)
    assert session.type("1") == "no call is open; :redial calls again\n"


def test_a_secret_s_question_is_known_before_it_is_typed(session: Session) -> None:
    asked = [session.terminal.asks_secret]
    for line in REQUEST:
        session.type(line)
        asked.append(session.terminal.asks_secret)
    assert asked == [False, False, False, True, False, False]


# ---- commands ------------------------------------------------------------------------------


def test_help_tells_of_every_command(session: Session) -> None:
    told = session.type(":help")
    assert all(f":{name}" in told for name in COMMANDS)


def test_quit_leaves(session: Session) -> None:
    with pytest.raises(Quit):
        session.type(":quit")


def test_an_unknown_command_offers_the_nearest(session: Session) -> None:
    assert "did you mean « redial »?" in session.type(":redail")
    assert "there is no « : »" in session.type(":")


def test_another_language_gets_the_same_keys(session: Session) -> None:
    session.type("1", "Afi")
    assert "Pay 1 500 F?" in session.type(":lang en")
    assert "one of fr, en" in session.type(":lang xx")


def test_another_operator_gets_the_same_keys(session: Session) -> None:
    session.type("1")
    assert "Moov 31/60 septets" in session.type(":op moov")
    assert "Votre nom" in session.all
    assert "one of MTN, Moov" in session.type(":op Celtis")


def test_a_cut_call_is_dialled_again_and_resumed(session: Session) -> None:
    session.type("1")
    assert ":redial" in session.type(":hangup")
    assert "it is 2026-03-16 10:34" in session.type(":wait 4m")
    assert "Actes : reprendre ?" in session.type(":redial 5m")
    assert "Votre nom" in session.type("1")


def test_after_the_time_of_resuming_it_begins_anew(session: Session) -> None:
    session.type("1", ":hangup", ":wait 6m")
    assert "Quel acte ?" in session.type(":redial 5m")


@pytest.mark.parametrize("line", [":wait", ":wait x", ":redial x"])
def test_what_is_no_duration_is_told(session: Session, line: str) -> None:
    assert "s, m, h or d" in session.type(line)


def test_a_back_end_can_fail_and_recover(session: Session) -> None:
    assert "answers unavailable" in session.type(":fail mairie.tarif unavailable")
    assert "Le service ne répond pas." in session.type("1", "Afi")
    assert "answers ok" in session.type(":fail mairie.tarif ok")
    assert "did you mean « mairie.tarif »?" in session.type(":fail mairie.tarifs ok")
    assert "one of ok, not_found" in session.type(":fail mairie.tarif broken")
    assert "one of mairie.tarif," in session.type(":fail")


def test_edited_menus_get_the_same_moves_again(session: Session, tmp_path: Path) -> None:
    whole = program()
    session.type(":fail mairie.tarif unavailable", "1", ":hangup", ":redial 1m", "1", ":wait 10s")
    session.type("Afi")
    session.printed.truncate(0)
    session.terminal.take_up(replace(whole, hash="edited"))
    assert "menus taken up" in session.all
    assert "Le service ne répond pas." in session.all
    assert session.terminal.phone.conversations == 2


def test_menus_that_no_longer_have_the_code_are_told(session: Session) -> None:
    whole = program()
    session.terminal.take_up(replace(whole, codes={("230",): "acte"}))
    assert "nothing opens by « *229*1# »" in session.all
    assert "no call is open" in session.type("1")
    session.terminal.take_up(whole)
    assert "Votre nom" in session.type("1")


def test_a_menu_that_leads_nowhere_is_told_and_the_page_stays(tmp_path: Path) -> None:
    whole = program()
    services = dict(whole.services)
    services["commun/nom"] = replace(services["commun/nom"], parts={"start": ()})
    acte = services["acte"]
    services["acte"] = replace(acte, parts={**acte.parts, "start": acte.parts["start"][:2]})
    session = Session(lay(tmp_path), menus=replace(whole, services=services))
    assert "the menu leads nowhere here" in session.type("1")
    assert "Tapez le numéro" in session.type("7")
    assert "- enter: 7\n" in session.saved("acte")


@pytest.mark.parametrize(
    "line", ["", "\x00\x07", "\x1b[2J", "x" * 10_000, "👍🏽", "*#*#", "\ufffd"]
)
def test_whatever_is_typed_the_page_stays(session: Session, line: str) -> None:
    assert "Quel acte ?" in session.type(line)


# ---- saving --------------------------------------------------------------------------------


def test_a_request_with_a_secret_is_saved_without_it(session: Session) -> None:
    session.type("1", "Afi Dossou", "1", "48a6", "4826", "5")
    text = session.saved("acte")
    assert "4826" not in text
    assert "48a6" not in text
    assert "hidden:" in text
    assert 'dial: "*229*1#"' in text
    assert 'at: "2026-03-16 10:30"' in text
    assert "operator: MTN" in text
    assert "mairie.tarif: { frais: 1500, jours: 3 }" in text
    assert "- ends: Merci de votre avis." in text
    assert "sms: recu" in text


def test_a_secret_typed_where_none_was_asked_is_not_saved_either(session: Session) -> None:
    session.type("1", "4826", "Afi", "1", "4826")
    assert "4826" not in session.saved("acte")


def test_keys_on_a_secret_s_question_are_saved_as_they_are(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), language="en")
    session.type("1", "Afi", "1", "0", "1", "back", "1", "48", "4826")
    text = session.saved("acte")
    assert "- enter: 0\n" in text
    assert "- enter: back\n" in text
    assert "- enter: 48\n" not in text
    assert text.count("hidden:") == 1


def test_a_secret_with_a_check_digit_gets_another_that_has_one(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), "guichet")
    assert "recue" in session.type("5", "2", "4821", "4820")
    text = session.saved("guichet")
    assert "4820" not in text
    assert "4821" not in text


def test_a_list_a_cut_and_a_failure_are_saved_as_they_were_played(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), "guichet")
    session.type("2", ":hangup", ":wait 2m", ":redial 1m", "1", "0", ":wait 30s")
    session.type(":fail mairie.demandes unavailable", "2")
    text = session.saved("guichet")
    assert "- hang_up: 3m\n" in text
    assert "- wait: 30s\n" in text
    assert "    - backends:\n        mairie.demandes: unavailable\n    - enter: 2\n" in text
    assert "- ends: Le service ne répond pas.\n" in text


def test_a_service_without_code_is_saved_beside_it_and_opens_at_its_start(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), "commun/nom", language="en")
    session.type("123")
    text = session.saved("commun/nom")
    assert "dial:" not in text
    assert "language: en" in text
    assert "Letters only." in text


def test_the_language_question_is_saved_as_it_was_played(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), language=None)
    session.type("2", "1")
    text = session.saved("acte")
    assert "language: ask" in text
    assert "Your name" in text


def test_strange_input_is_saved_and_read_again(session: Session) -> None:
    session.type("\x00é\x7f\x85", "\"#: '", "", "- a: b", "1")
    assert r'enter: "\u0000é\u007f\u0085"' in session.saved("acte")


def test_a_call_back_and_a_dialled_suffix_are_saved(tmp_path: Path) -> None:
    session = Session(lay(tmp_path), "*229*3#")
    session.type("Mon dossier")
    text = session.saved("guichet")
    assert "callback: accueil" in text
    assert "Nous appelons sous 48 h." in text


def test_scenarios_are_added_to_those_that_are_there(session: Session) -> None:
    first = session.saved("acte", "Un")
    session.type("1")
    both = session.saved("acte", "Deux  fois")
    assert both.startswith(f"{first}\n- test: Deux fois\n")
    told = session.type(":save Un")
    assert told.startswith("not saved\n")
    assert "of that name already" in told
    assert (session.menus / "acte.test.yaml").read_text(encoding="utf-8") == both


@pytest.mark.parametrize("before", ["- test: a\n", "test: a\n", "- test: a\n  play: [x"])
def test_a_file_with_faults_is_left_alone(session: Session, before: str) -> None:
    path = session.menus / "acte.test.yaml"
    path.write_text(before, encoding="utf-8")
    told = session.type(":save Essai")
    assert told.startswith(f"not saved\n  {path}:")
    assert path.read_text(encoding="utf-8") == before


def test_what_does_not_hold_in_another_language_is_told(session: Session) -> None:
    session.type("Naissance")
    told = session.type(":save Essai")
    assert told.startswith("saved to ")
    assert "en: leads to menu (" in told


def test_a_name_is_needed(session: Session) -> None:
    assert session.type(":save") == ":save NAME, once something was played\n"


def test_a_folder_that_may_not_be_written_is_told(session: Session) -> None:
    session.terminal.folder = Path("/proc/nowhere")
    assert "can't be written" in session.type(":save Essai")


def test_what_the_language_question_took_is_no_answer_to_the_menu(tmp_path: Path) -> None:
    """Once the language is said, the question is not asked again."""
    session = Session(lay(tmp_path), language=None)
    session.type("1", "1")
    told = session.type(":lang en")
    assert "in English, the same keys" in told
    assert session.terminal.turned is not None
    step = session.terminal.turned.session.at
    fresh = Session(lay(tmp_path), language="en")
    fresh.type("1")
    assert fresh.terminal.turned is not None
    assert (step, told.splitlines()[1:]) == (
        fresh.terminal.turned.session.at,
        fresh.all.splitlines(),
    )
