"""Scenarios played: what holds, and each way not to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.menu import load
from gateway.menu.program import Program
from gateway.scenarios.play import play
from tests.scenarios.town import (
    REQUEST,
    failures,
    lay,
    moves,
    played,
    program,
    scenario,
    untranslated,
)

SUIVI = "backends: { mairie.demandes: [{ numero: A1, statut: prete }] }"
OPEN = """
backends:
  mairie.bureau: { ouvert: yes, depuis: 2026-01-05 }
  mairie.presence: ok
"""


def told(text: str, service: str = "acte", menus: Program | None = None) -> list[str]:
    return [failure.message for failure in failures(text, service, menus)]


def edited(old: str, new: str) -> str:
    """The request for a record, with another line in it."""
    assert old in REQUEST
    return REQUEST.replace(old, new)


def test_it_is_compared_in_the_source_and_led_the_same_way_in_the_other_languages() -> None:
    results = played(REQUEST)
    assert [one.language for one in results] == ["fr", "en"]
    assert [one.failures for one in results] == [[], []]
    assert "Which record?" in results[1].pages[0].text


def test_with_drafts_they_are_played_too_and_may_have_gaps() -> None:
    results = play(program(drafts=True), scenario(REQUEST))
    assert [one.language for one in results] == ["fr", "en", "fon"]
    assert not any(one.failures for one in results)


# ---- shows, ends, enter --------------------------------------------------------------------


def test_a_text_that_the_page_lacks_fails_at_its_place_with_the_page() -> None:
    [failure] = failures(edited("shows: Payer 500 F", "shows: Payer 600 F"))
    assert failure.message == "the page does not show « Payer 600 F »"
    assert (failure.place.line, failure.place.column) == (9, 7)
    assert failure.page.startswith("Payer 500 F ?\n1. Oui")


def test_a_text_may_go_on_over_line_breaks_and_have_accents_that_the_phone_lacks() -> None:
    assert told(moves('- shows: "Quel acte ? 1. Naissance"'.removeprefix("- "))) == []
    assert told(moves("enter: 3", "shows: Être rappelé"), "guichet") == [
        "the page does not show « Être rappelé »"
    ]
    assert told(moves("shows: Etre rappelé"), "guichet") == []


def test_what_should_end_and_goes_on_fails() -> None:
    assert told(moves("ends: Quel acte ?")) == [
        "the conversation goes on, though it should end here"
    ]


def test_nothing_can_be_entered_after_the_end() -> None:
    text = edited("- ends: Merci", "- ends: Merci\n    - enter: 1\n    - shows: rien")
    [failure] = failures(text)
    assert failure.message == "the call has ended: nothing can be entered any more"
    assert failure.place.line == 16


def test_after_the_end_its_page_is_still_there_and_the_code_can_be_dialled_again() -> None:
    text = edited("- ends: Merci", "- ends: Merci\n    - hang_up: 1m\n    - shows: Quel acte ?")
    assert told(text) == []


# ---- hang_up, wait, at ---------------------------------------------------------------------


def test_a_cut_is_resumed_within_its_time_and_begun_anew_after_it() -> None:
    resumed = moves("enter: 1", "hang_up: 9m", "shows: reprendre", "enter: 1", "shows: Votre nom")
    assert told(resumed) == []
    assert told(moves("enter: 1", "hang_up: 11m", "shows: Quel acte ?")) == []


def test_a_secret_is_asked_again_after_a_cut() -> None:
    text = edited("- enter: 4826", "- hang_up: 1m\n    - enter: 1\n    - enter: 4826")
    assert told(text) == []


def test_the_clock_stands_still_but_for_waits() -> None:
    assert told(moves("enter: 1", "wait: 8m", "hang_up: 1m", "shows: reprendre")) == []
    assert told(moves("enter: 1", "wait: 9m", "hang_up: 2m", "shows: Quel acte ?")) == []


def test_the_day_is_the_one_of_at_in_the_site_s_time_zone() -> None:
    only = scenario(moves("shows: Quel acte ?", head="at: 2026-12-31 23:30"))
    assert only.at.isoformat() == "2026-12-31T23:30:00+01:00"
    assert not any(one.failures for one in play(program(), only))


# ---- dial, operator, phone, language -------------------------------------------------------


def test_without_dial_a_service_opens_at_its_own_start_even_without_a_code() -> None:
    assert told(moves("shows: Que voulez-vous ?"), "guichet") == []
    assert told(moves("shows: Votre nom"), "commun/nom") == []


def test_a_dialled_suffix_is_typed() -> None:
    assert told(moves("shows: Votre nom", head='dial: "*229*1*1#"')) == []


def test_the_operator_s_screen_is_the_one_that_is_measured() -> None:
    small = moves("shows: Autres services", head="operator: Moov")
    assert "does not show" in told(small, "guichet")[0]
    assert told(moves("shows: Autres services"), "guichet") == []


def test_a_scenario_with_a_language_is_played_in_it_alone() -> None:
    results = played(moves("shows: Which record?", head="language: en"))
    assert [(one.language, one.failures) for one in results] == [("en", [])]


def test_the_language_question_can_be_played() -> None:
    text = moves("shows: Votre langue", "enter: 2", "shows: Which record?", head="language: ask")
    assert [one.failures for one in played(text)] == [[]]


def test_a_draft_that_is_not_offered_cannot_be_played() -> None:
    [message] = told(moves("shows: x", head="language: fon"))
    assert "is a draft" in message
    assert told(moves("shows: Quel acte", head="language: fon"), menus=program(drafts=True)) == []


# ---- other languages -----------------------------------------------------------------------


def test_pages_that_only_one_language_has_do_not_lead_astray() -> None:
    """The end is three pages in French and one in English, where there is nothing to turn."""
    lines = ("shows: Bonjour", "enter: 98", "enter: 0", "enter: 98", "enter: 98", "ends: demande")
    french, english = played(moves("enter: 4", *lines, head=OPEN), "guichet")
    assert (french.failures, english.failures) == ([], [])
    assert [len(one.pages) for one in (french, english)] == [6, 2]
    assert english.pages[-1].ends


def test_a_longer_screen_of_another_language_is_turned_to_its_end() -> None:
    swapped = replace(program().site, source="en")
    menus = replace(program(), site=swapped)
    text = moves("enter: 4", "ends: papers", head=OPEN)
    english, french = played(text, "guichet", menus)
    assert (english.language, french.language) == ("en", "fr")
    assert (english.failures, french.failures) == ([], [])
    assert [page.turns for page in french.pages] == [False, False, True, True]


def test_an_answer_in_words_holds_in_one_language_only() -> None:
    [failure] = failures(moves("enter: Naissance", "shows: Votre nom"))
    assert failure.language == "en"
    assert failure.place.line == 3
    assert "leads to menu (" in failure.message
    assert "in fr to ask (" in failure.message
    assert "say which by « language: »" in failure.message


def test_what_goes_on_in_one_language_must_go_on_in_the_other(tmp_path: Path) -> None:
    menus = lay(tmp_path)
    steps = (menus / "guichet.yaml").read_text(encoding="utf-8").partition("  suivi:\n")[2]
    listing = steps.partition("  rappel:\n")[0].replace("panne", "guichet#panne")
    listing = listing.replace("item:", "where: language == 'fr'\n      item:")
    text = f"title: Demandes\nagency: mairie\nflow:\n  start:\n{listing}"
    (menus / "demandes.yaml").write_text(text, encoding="utf-8")
    loaded = load(menus, [tmp_path / "locales"], drafts=False)
    assert loaded.program is not None, loaded.findings
    only = replace(scenario(moves("shows: A1", head=SUIVI)), service="demandes")
    messages = [failure.message for failure in play(loaded.program, only)[1].failures]
    assert "leads to the end, in fr to a screen that goes on" in messages


def test_a_code_that_the_site_gave_up_is_a_failure() -> None:
    text = moves("shows: Quel acte ?", head='dial: "*229*1#"')
    assert told(text, menus=replace(program(), codes={})) == ["nothing opens by « *229*1# »"]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("Quel acte ?", 3),  # what the screen asks
        ("Mariage", 3),  # a choice
        ("Payer {tarif.frais|money} ?", 9),
        ("Demande {dossier.numero} reçue.", 13),  # put above the rating
        ("Demande {dossier.numero} reçue. Suivi : {ussd}", 13),  # sent by SMS
    ],
)
def test_a_text_on_the_way_that_is_not_translated_fails(
    source: str, where: int, tmp_path: Path
) -> None:
    menus = untranslated(tmp_path, source)
    found = [failure for failure in failures(REQUEST, menus=menus) if source in failure.message]
    assert {failure.language for failure in found} == {"en"}
    assert "is not translated into en" in found[0].message


def test_errors_labels_and_words_above_a_screen_are_looked_at_where_they_are_shown(
    tmp_path: Path,
) -> None:
    menus = untranslated(tmp_path, "Seulement des lettres.", "prete", "Bonjour à vous.")
    right = moves("enter: 1", "enter: Afi", head="backends: { mairie.tarif: unavailable }")
    assert told(right, menus=menus) == []
    wrong = moves("enter: 1", "enter: 123")
    assert "« Seulement des lettres. »" in told(wrong, menus=menus)[0]
    assert "« prete »" in told(moves("enter: 2", head=SUIVI), "guichet", menus)[0]
    assert "« Bonjour à vous. »" in told(moves("enter: 4", head=OPEN), "guichet", menus)[0]


def test_an_untranslated_text_off_the_way_is_no_matter(tmp_path: Path) -> None:
    menus = untranslated(tmp_path, "Quel sujet ?", "Fermé.", "Aucune demande à ce numéro.")
    assert told(REQUEST, menus=menus) == []
    assert told(moves("enter: 2", head=SUIVI), "guichet", menus) == []


# ---- back ends -----------------------------------------------------------------------------


def test_an_answer_that_no_step_used_fails_where_it_stands() -> None:
    found = failures(moves("shows: Quel", head="backends:\n  mairie.presence: ok"))
    assert [(one.message, one.place.line) for one in found] == [
        ("no step used this answer of « mairie.presence »", 3)
    ]


def test_an_operation_that_is_called_without_an_answer_fails() -> None:
    [failure, *_] = failures(moves("enter: 1", "enter: Afi"))
    assert "« mairie.tarif » is called, but « backends: » has no answer" in failure.message
    assert failure.place.line == 4


def test_answers_can_change_on_the_way_and_each_must_be_used() -> None:
    lines = ["enter: 2", "shows: A1", "enter: 0", "backends: { mairie.demandes: [] }"]
    assert told(moves(*lines, "enter: 2", "shows: Aucune", head=SUIVI), "guichet") == []
    unused = told(moves(*lines, head=SUIVI), "guichet")
    assert unused == ["no step used this answer of « mairie.demandes »"]
    replaced = moves("backends: { mairie.demandes: [] }", "enter: 2", head=SUIVI)
    assert told(replaced, "guichet") == ["no step used this answer of « mairie.demandes »"]


@pytest.mark.parametrize(
    ("after", "shown"),
    [("2s", "Payer 500 F"), ("3s", "ne répond pas"), ("6s", "ne répond pas")],
)
def test_a_late_answer_is_none(after: str, shown: str) -> None:
    """The back end's own time-out is 3 s."""
    answer = f"{{ after: {after}, frais: 500, jours: 2 }}"
    text = moves(
        "enter: 1", "enter: Afi", f"shows: {shown}", head=f"backends: {{ mairie.tarif: {answer} }}"
    )
    assert told(text) == []


def test_the_calls_of_one_step_share_five_seconds() -> None:
    head = """
    backends:
      mairie.bureau: { after: 2s, ouvert: yes, depuis: 2026-01-05 }
      mairie.presence: { after: 3s }
    """
    assert told(moves("enter: 4", "shows: Bonjour", head=head), "guichet") == []


def test_outcomes_are_given_as_they_are() -> None:
    text = edited("{ numero: EC-1042 }", "invalid").partition("    - shows: EC-1042")[0]
    assert told(f"{text}    - shows: Votre code\n  sms: []") == []


# ---- expectations --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sms: []", "sms: none expected, but recu came of it"),
        ("sms: [recu, recu]", "sms: recu, recu expected, but recu came of it"),
        ("callback: accueil", "callback: accueil expected, but none came of it"),
    ],
)
def test_what_was_sent_must_be_what_was_expected(line: str, message: str) -> None:
    assert told(edited("sms: recu", line)) == [message]


def test_a_call_back_is_expected_by_its_queue() -> None:
    text = moves("enter: 3", "enter: Un acte", "ends: sous 48 h") + "  callback: accueil\n"
    assert told(text, "guichet") == []


@pytest.mark.parametrize(
    ("text", "hidden", "where"),
    [
        (moves("enter: 2", "enter: 1", head=SUIVI), "A1", "on the page"),
        (moves("enter: 1", "enter: Afi Dossou"), "Afi", "in the session"),
        (moves("enter: 3", "enter: plainte"), "plainte", "in what is done"),
    ],
)
def test_what_must_stay_hidden_is_looked_for_everywhere(text: str, hidden: str, where: str) -> None:
    head = "- test: Essai\n  backends: { mairie.tarif: { frais: 5, jours: 1 } }"
    whole = text.replace("- test: Essai", head) if "Afi" in text else text
    service = "acte" if "Afi" in text else "guichet"
    messages = told(f'{whole}  hidden: "{hidden}"\n', service)
    assert f"what must stay hidden can be read {where}" in messages


def test_what_is_hidden_is_not_told_of_either() -> None:
    text = moves("enter: 2", "shows: Rien de A1", head=SUIVI) + "  hidden: A1\n"
    found = failures(text, "guichet")
    assert found
    assert not any("A1" in failure.message or "A1" in failure.page for failure in found)
    assert any("••••" in failure.page for failure in found)


def test_a_menu_that_leads_nowhere_is_a_failure_with_a_place() -> None:
    whole = program()
    services = dict(whole.services)
    empty = replace(services["commun/nom"], parts={"start": ()})
    services["commun/nom"] = empty
    acte = services["acte"]
    services["acte"] = replace(acte, parts={**acte.parts, "start": acte.parts["start"][:2]})
    [failure] = failures(moves("enter: 1"), menus=replace(whole, services=services))
    assert failure.message.startswith("the menu leads nowhere here: ")
    assert failure.place.line == 3
    assert "Quel acte" in failure.page
