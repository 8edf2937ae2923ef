"""What the checker measures is what the engine shows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.engine import Session, drive, turn
from gateway.events import Answered, Bearer, Channel, Dial, Encoding, Json, Outcome, Scene, Typed
from gateway.menu import load
from gateway.menu.checks.screens import Screens
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.worst import size
from gateway.menu.program import Program
from gateway.text.language import language as registered
from gateway.text.transliteration import fit
from tests.menu.checks.case import Case

FLOW = """title: Demande
agency: anip
flow:
  start:
    - menu: Que voulez-vous ?
      choices:
        - Demander: nouvelle
        - Partir: fin
  nouvelle:
    - ask: Votre ville ?
      save: ville
      max: 12
      optional: yes
    - list: tables/communes.csv
      text: Votre commune ?
      item: "{nom} ({code})"
      save: commune
    - confirm: Demander à {commune.nom} ?
      cancel: fin
    - call: anip.creer
      with: [ville]
      save: dossier
      fails: fin
    - rate: Était-ce facile ?
      comment: Un mot ?
    - end: Demande {dossier.numero}, à retirer à {dossier.mairie}.
  fin:
    - end: Au revoir.
"""
TYPED = [None, "1", "00", "1", "m" * 12, "1", "1"]
ANSWER: Json = {"numero": "m" * 12, "statut": "recu", "mairie": "m" * 30}


def program(folder: Path) -> Program:
    case = Case(
        "screens",
        "every kind of screen",
        {"demande.yaml": FLOW, "tables/communes.csv": "code,nom\nmmm,mmmmmmm\n"},
        [],
        locales={
            "en/demande": 'msgid "Votre ville ?"\nmsgstr "Your town, œuvre ?"\n\n'
            'msgid "Au revoir."\nmsgstr "Good-bye… ê."\n'
        },
    )
    case.findings(folder)
    loaded = load(folder / "menus", [folder / "locales"], drafts=True)
    assert loaded.program is not None
    return loaded.program


def shown(found: Program, language: str) -> dict[str, str]:
    """The screens of one conversation, by the verb of their step."""
    site = found.site
    bearer = Bearer(Channel.USSD, Encoding.GSM7, 182, "MTN")
    scene = Scene("+2290197000000", bearer, 1_790_000_000, date(2026, 9, 28), language)
    pages: dict[str, str] = {}
    session: Session | None = None
    for typed in TYPED:
        event = Dial("*229#", "c1") if typed is None else Typed(typed)
        turned = drive(
            turn(found, session, event, scene), lambda request: Answered(Outcome.OK, ANSWER)
        )
        session = turned.session
        pages[turned.trace.verb] = turned.page
    assert site.codes == {"*229#": "demande"}
    return pages


@pytest.mark.parametrize("language", ["fr", "en"])
def test_measured_screens_are_shown_screens(language: str, tmp_path: Path) -> None:
    """Texts, numbers and keys, line for line; a list is measured with the key for more."""
    found = program(tmp_path)
    screens = Screens(found, Survey(found).flow)
    rendered: dict[str, str] = {}
    for screen in screens.all():
        page = screens.render(screen, language, Encoding.GSM7)
        policy = found.site.languages[language].policy
        rendered.setdefault(screen.step.verb, fit(page, Encoding.GSM7, policy))
    pages = shown(found, language)
    assert pages.keys() == {"menu", "ask", "list", "confirm", "rate"}
    more = fit(
        "98. " + screens.worst.text(found.words["more"], language, Encoding.GSM7, {}) + "\n",
        Encoding.GSM7,
        found.site.languages[language].policy,
    )
    rendered["list"] = rendered["list"].replace(more, "").replace("10. ", "1. ")
    assert {verb: rendered[verb] for verb in pages} == pages


def test_size_counts_what_the_phone_gets() -> None:
    """œ becomes two letters in GSM-7 and is one unit in UCS-2; € is two septets."""
    french = registered("fr")
    assert size("œ€", french, Encoding.GSM7) == 4
    assert size("œ€", french, Encoding.UCS2) == 2
