"""`--update`: what was played is written down, and nothing else is touched."""

from __future__ import annotations

import pytest

from gateway.menu.findings import Findings
from gateway.scenarios.play import play
from gateway.scenarios.reading import read_file
from gateway.scenarios.writing import Rewritten, rewrite
from tests.scenarios.town import FILE, REQUEST, failures, moves, program

BARE = """\
# Ce que la mairie attend
- test: Un nom faux   # à relire
  play:
    - enter: 1        # naissance
    - enter: 123
    - hang_up: 1m

- test: Un autre
  play:
  -   enter: 2
"""


def updated(text: str) -> Rewritten:
    findings = Findings()
    scenarios = read_file(program(), FILE, "acte", text, findings)
    assert not len(findings), findings.in_order()
    return rewrite(program(), text, [play(program(), one)[0] for one in scenarios])


def rewritten(text: str) -> str:
    new = updated(text)
    assert new.text is not None, new.reason
    return new.text


def test_what_holds_stays_as_it_was_written() -> None:
    assert updated(REQUEST) == Rewritten(None)


def test_only_the_line_that_does_not_hold_is_replaced() -> None:
    wrong = REQUEST.replace("shows: Payer 500 F", "shows: Payer 600 F")
    page = "shows: |\n        Payer 500 F ?\n        1. Oui\n        2. Non\n        0. Retour"
    new = rewritten(wrong)
    assert new == REQUEST.replace("shows: Payer 500 F", f"{page}\n        00. Accueil")
    assert failures(new) == []


def test_a_comment_behind_what_is_replaced_stays_a_comment() -> None:
    wrong = REQUEST.replace("shows: Payer 500 F", "shows: Payer 600 F  # le tarif")
    new = rewritten(wrong)
    line = 'shows: "Payer 500 F ?\\n1. Oui\\n2. Non\\n0. Retour\\n00. Accueil"  # le tarif'
    assert new == REQUEST.replace("shows: Payer 500 F", line)
    assert failures(new) == []


def test_a_block_is_replaced_without_what_stands_below_it() -> None:
    wrong = moves("shows: |", "enter: 1").replace("|\n", "|\n        Quel\n        papier ?\n\n")
    new = rewritten(wrong)
    assert "papier" not in new
    assert new.endswith("2. Mariage\n\n    - enter: 1\n")
    assert failures(new) == []


def test_an_end_that_goes_on_is_written_as_a_page() -> None:
    new = rewritten(moves("ends: Quel acte ?"))
    assert "- shows: |" in new
    assert "ends" not in new


def test_a_scenario_that_compares_nothing_gets_every_page() -> None:
    new = rewritten(BARE)
    assert new.startswith("# Ce que la mairie attend\n- test: Un nom faux   # à relire\n  play:\n")
    assert "    - enter: 1        # naissance\n    - shows: |\n        Votre nom\n" in new
    assert "    - enter: 123\n    - shows: |\n        Seulement des lettres.\n" in new
    assert "    - hang_up: 1m\n    - shows: |\n        Actes : reprendre ?\n" in new
    assert "  -   enter: 2\n  - shows: |\n      Votre nom\n" in new
    assert updated(new) == Rewritten(None)
    assert updated(new.replace("\n", "\r\n")) == Rewritten(None)


def test_the_pages_of_every_kind_are_read_again_and_hold() -> None:
    head = (
        "backends:\n  mairie.tarif: { frais: 5, jours: 1 }\n  mairie.deposer: { numero: '# : 1' }"
    )
    lines = ("enter: 1", "enter: Afi", "enter: 1", 'enter: "4826"', "enter: 5")
    new = rewritten(moves(*lines, head=head))
    assert "- ends: Merci de votre avis.\n" in new
    assert failures(new) == []


def test_moves_in_braces_stay_on_their_line() -> None:
    new = rewritten("- test: a\n  play: [{ shows: Rien }, enter: 1]\n")
    assert new.count("\n") == 2
    assert '{ shows: "Quel acte ?\\n1. Naissance\\n2. Mariage" }' in new


def test_pages_cannot_be_added_between_brackets() -> None:
    new = updated("- test: a\n  play: [enter: 1]\n")
    assert new.text is None
    assert "brackets" in new.reason


def test_a_secret_is_written_as_dots_and_holds_as_dots() -> None:
    wrong = moves("enter: 1", "enter: Afi Dossou", "shows: Rien")
    wrong = wrong.replace("play:", "backends: { mairie.tarif: { frais: 4826, jours: 1 } }\n  play:")
    new = rewritten(f'{wrong}  hidden: "826"\n')
    assert "Payer 4 •••• F" in new
    assert "826" not in new.replace('hidden: "826"', "").replace("frais: 4826", "")
    kept = [failure.message for failure in failures(new)]
    assert kept
    assert all("hidden" in message for message in kept)


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_the_end_of_a_file_is_kept(ending: str) -> None:
    text = f"- test: a\n  play:\n    - shows: Rien{ending}"
    assert rewritten(text).endswith(f"2. Mariage{ending}")
