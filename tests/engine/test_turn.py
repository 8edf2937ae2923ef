"""What transcripts cannot show: limits, broken menus, menus edited in an odd moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.channels.ussd import bearer
from gateway.engine import Open, decode, drive, encode, turn
from gateway.engine.flow import home
from gateway.errors import Astray
from gateway.events import Answered, CallRequest, Dial, Outcome, Scene, Typed
from gateway.menu.program import Program
from tests.engine.citizen import PHONE, SITE, TODAY, Citizen, build

ROUND = """
title: Essai
flow:
  start:
    - menu: Encore {compte} ?
      save: compte
      choices: [Un, Deux]
    - go: start
"""
BACKEND = """
backends:
  mairie:
    url: https://mairie.example
    operations:
      lire: { get: /lectures, gives_list: { nom: 10 } }
      noter: { post: /notes, gives: { rang: number } }
      ouvrir: { post: /ouvertures, gives: { numero: 8 }, outcomes: { 422: invalid } }
"""
VAULT = """
title: Coffre
agency: mairie
flow:
  start:
    - ask: Votre code secret ?
      save: secret
      type: pin
      length: 4
      optional: yes
    - menu: Noter quoi ?
      save: note
      choices: [Ceci, Cela]
    - call: mairie.noter
      with: [note]
      fails: panne
    - menu: Ouvrir ?
      save: suite
      choices: [Oui]
    - call: mairie.ouvrir
      with: [secret]
      save: coffre
      fails: panne
    - end: Coffre {coffre.numero}.
  panne:
    - end: Panne.
"""


def text_of(service: str) -> dict[str, str]:
    return {"essai.yaml": service}


@pytest.fixture
def endless() -> Citizen:
    service = ROUND.replace("Encore {compte} ?", "Encore ?")
    citizen = Citizen(build(text_of(service)))
    citizen.dial("*229#")
    return citizen


def test_the_way_back_is_bounded(endless: Citizen) -> None:
    """Who went further than thirty screens is at the oldest one kept, and can go home."""
    endless.type(*["1"] * 100)
    assert len(endless.session.history) == 30
    size = len(endless.stored or b"")
    endless.type(*["1"] * 50)
    assert len(endless.stored or b"") == size < 4000
    page = endless.type(*["0"] * 30)
    assert "0. Retour" not in page.replace("00.", "")
    assert page.endswith("00. Accueil")
    assert not endless.session.first


def test_what_the_way_back_holds_is_bounded_too() -> None:
    service = """
        title: Essai
        agency: mairie
        flow:
          start:
            - call: mairie.lire
              save: noms
              fails: panne
            - menu: Encore ?
              choices:
                - Oui: start
          panne:
            - end: Panne.
        """
    citizen = Citizen(build({"site.yaml": SITE + BACKEND, "essai.yaml": service}))
    citizen.answers["mairie.lire"] = [{"nom": f"Nom {number}"} for number in range(300)]
    citizen.dial("*229#")
    citizen.type(*["1"] * 20)
    assert len(citizen.session.history) <= 4
    assert len(citizen.stored or b"") < 50_000


def test_a_conversation_that_was_not_dialled(endless: Citizen) -> None:
    scene = Scene(PHONE, bearer(endless.program, None), 0, TODAY)
    with pytest.raises(Astray, match="nothing was dialled"):
        next(turn(endless.program, None, Typed("1"), scene))


def test_a_code_that_is_gone_opens_the_sites_first_one(endless: Citizen) -> None:
    assert home(endless.program, "*999#") == "essai"
    with pytest.raises(Astray, match="no codes"):
        home(replace(endless.program, codes={}), "*229#")


def unchecked(files: dict[str, str]) -> Program:
    """With faults that the checks find: what is served in spite of them must not hang."""
    return build(files, checked=False)


LOOPS = """
title: Essai
flow:
  start:
    - menu: Ici ?
      choices: [Oui]
    - go: autre
  autre:
    - say: Tour.
      when: channel == 'sms'
    - end: Fin.
"""


def test_a_menu_that_goes_round_without_a_screen_is_left() -> None:
    program = build(text_of(LOOPS))
    service = program.services["essai"]
    start, other = service.parts["start"], service.parts["autre"]
    round_ = {**service.parts, "autre": (other[0], replace(start[1], part="autre", index=1))}
    citizen = Citizen(
        replace(program, services={"essai": replace(service, parts=round_)}),
    )
    citizen.dial("*229#")
    with pytest.raises(Astray, match="200 steps"):
        citizen.type("1")


def test_a_part_that_ends_where_nobody_waits_is_left() -> None:
    program = build(text_of(LOOPS))
    service = program.services["essai"]
    short = {**service.parts, "autre": service.parts["autre"][:1]}
    citizen = Citizen(replace(program, services={"essai": replace(service, parts=short)}))
    citizen.dial("*229#")
    with pytest.raises(Astray, match="nobody waits for"):
        citizen.type("1")


def test_typing_on_a_conversation_that_is_over_begins_at_home() -> None:
    citizen = Citizen(build(text_of(LOOPS)))
    first = citizen.dial("*229#")
    citizen.type("1")
    assert citizen.session.open is Open.ENDED
    assert citizen.session.vars == {}
    assert citizen.type("anything") == first


def test_a_conversation_is_resumed_only_where_something_was_answered(endless: Citizen) -> None:
    assert not endless.resumes()
    endless.type("1")
    assert endless.resumes()
    endless.now += 30 * 60
    assert endless.resumes()
    endless.now += 1
    assert not endless.resumes()


def vault() -> Citizen:
    """Cut after an effect that lies between the secret's question and its call."""
    citizen = Citizen(build({"site.yaml": SITE + BACKEND, "essai.yaml": VAULT}))
    citizen.answers = {"mairie.noter": {"rang": 1}, "mairie.ouvrir": {"numero": "C-1"}}
    citizen.dial("*229#")
    citizen.type("1234", "1")
    assert citizen.secrets == {"secret": "1234"}
    citizen.dial("*229#")
    assert citizen.type("1").startswith("Votre code secret ?")
    return citizen


def test_a_secret_asked_again_by_itself_cannot_be_left_backwards() -> None:
    citizen = vault()
    page = citizen.page
    assert "0. Retour" not in page.replace("00.", "")
    assert citizen.type("retour") == page
    assert citizen.type("12").startswith("Il faut 4 chiffres.")
    assert citizen.type("5678").startswith("Ouvrir ?")
    assert citizen.type("1") == "Coffre C-1."
    (call,) = citizen.calls
    assert call.arguments == {"secret": "5678"}
    assert call.attempt == 0


def test_a_secret_asked_again_may_be_passed_like_the_first_time() -> None:
    citizen = vault()
    assert citizen.type("passer").startswith("Ouvrir ?")
    citizen.type("1")
    assert citizen.calls[0].arguments == {}


def test_a_secret_asked_again_and_cut_again() -> None:
    citizen = vault()
    citizen.dial("*229#")
    assert citizen.type("1").startswith("Votre code secret ?")
    assert citizen.type("5678").startswith("Ouvrir ?")


def test_home_from_a_secret_asked_again_forgets_it() -> None:
    citizen = vault()
    assert citizen.type("accueil").startswith("Votre code secret ?")
    assert citizen.session.pending is None
    assert citizen.type("4321").startswith("Noter quoi ?")


def test_menus_edited_while_a_secret_is_asked_again() -> None:
    """Where she was is no longer there: the secret's part begins anew."""
    citizen = vault()
    citizen.program = build(
        {
            "site.yaml": SITE + BACKEND,
            "essai.yaml": VAULT.replace("Ouvrir ?", "Bien ?").replace("save: suite", "save: fin"),
        }
    )
    assert citizen.type("5678").startswith("Votre code secret ?")
    assert citizen.session.pending is None
    assert citizen.type("5678").startswith("Noter quoi ?")


def test_a_secret_that_expired_inside_a_call_is_asked_again() -> None:
    citizen = Citizen(build({"site.yaml": SITE + BACKEND, "essai.yaml": VAULT}))
    citizen.dial("*229#")
    citizen.type("1234")
    citizen.secrets = {}
    assert citizen.type("1").startswith("Votre code secret ?")
    assert citizen.type("5678").startswith("Noter quoi ?")


def test_a_secret_nobody_asked_for_is_not_taken_over() -> None:
    citizen = Citizen(build({"site.yaml": SITE + BACKEND, "essai.yaml": VAULT}))
    citizen.dial("*229#")
    citizen.secrets = {"secret": "9999", "autre": "1"}
    citizen.type("1234")
    assert citizen.secrets == {"secret": "1234"}


def test_an_unavailable_post_asked_again_keeps_its_attempt_and_loses_the_way_back() -> None:
    service = """
        title: Essai
        agency: mairie
        flow:
          start:
            - menu: Essai
              choices: [Commencer]
            - ask: Votre nom ?
              save: nom
              type: name
            - call: mairie.ouvrir
              with: [nom]
              save: coffre
              fails: { invalid: again, unavailable: again }
            - end: Coffre {coffre.numero}.
        """
    citizen = Citizen(build({"site.yaml": SITE + BACKEND, "essai.yaml": service}))
    citizen.answers["mairie.ouvrir"] = "unavailable"
    citizen.dial("*229#")
    page = citizen.type("1", "Adjoa")
    assert page.startswith("Pas de réponse du service. Réessayez.\nVotre nom ?")
    assert "0. Retour" not in page.replace("00.", "")
    citizen.type("Adjoa")
    assert citizen.calls[0].attempt == 0
    citizen.type("Koffi")
    assert citizen.calls[0].attempt == 1
    citizen.answers["mairie.ouvrir"] = {"numero": "C-9"}
    assert citizen.type("Koffi") == "Coffre C-9."
    assert citizen.calls[0].attempt == 1


@pytest.mark.parametrize(
    ("fails", "leads"),
    [
        ("{ invalid: again, unavailable: panne }", "Panne."),
        ("{ invalid: again, unavailable: continue }", "Suite."),
    ],
)
def test_again_without_any_question_goes_the_unavailable_way(fails: str, leads: str) -> None:
    service = f"""
        title: Essai
        agency: mairie
        flow:
          start:
            - call: mairie.ouvrir
              fails: {fails}
            - end: Suite.
          panne:
            - end: Panne.
        """
    files = {"site.yaml": SITE + BACKEND, "essai.yaml": service}
    citizen = Citizen(unchecked(files))
    citizen.answers["mairie.ouvrir"] = "invalid"
    assert citizen.dial("*229#") == leads


def test_again_without_any_question_or_other_way_is_left() -> None:
    service = """
        title: Essai
        agency: mairie
        flow:
          start:
            - call: mairie.ouvrir
              fails: again
            - end: Suite.
        """
    citizen = Citizen(unchecked({"site.yaml": SITE + BACKEND, "essai.yaml": service}))
    citizen.answers["mairie.ouvrir"] = "invalid"
    with pytest.raises(Astray, match="no question to ask again"):
        citizen.dial("*229#")


def test_the_language_is_not_asked_where_there_is_only_one() -> None:
    service = """
        title: Essai
        flow:
          start:
            - do: language
            - menu: Essai
              choices:
                - Langue: language
        """
    citizen = Citizen(build(text_of(service)))
    page = citizen.dial("*229#")
    assert page == "Essai\n1. Langue"
    assert citizen.type("1") == page


def test_the_languages_of_a_service_stay_the_same_until_one_is_chosen() -> None:
    languages = "fr: Français\n  en: English\n  ha: Hausa\n"
    site = SITE.replace("fr: Français\n", languages)
    menu = "title: Essai\nlanguages: [fr, en]\nflow:\n  start:\n    - menu: Quoi ?\n"
    menu += "      choices: [Un, Deux]\n      save: quoi\n    - end: Bien {quoi}.\n"
    citizen = Citizen(build({"site.yaml": site, "essai.yaml": menu}))
    assert citizen.dial("*229#") == "Votre langue ?\n1. Francais\n2. English"
    assert citizen.type("3").startswith("Tapez le numéro")
    assert citizen.type("1").startswith("Quoi ?")


def test_a_turn_can_be_abandoned_between_a_call_and_its_answer() -> None:
    """Nothing is kept of it: the same input, sent again, is the same call."""
    citizen = Citizen(build({"site.yaml": SITE + BACKEND, "essai.yaml": VAULT}))
    citizen.dial("*229#")
    citizen.type("1234")
    scene = Scene(PHONE, bearer(citizen.program, None), citizen.now, TODAY, secrets=citizen.secrets)
    asked: list[CallRequest] = []
    for _ in range(2):
        turning = turn(citizen.program, decode(citizen.stored or b""), Typed("1"), scene)
        asked.append(next(turning))
        turning.close()
    assert asked[0] == asked[1]
    turned = drive(
        turn(citizen.program, decode(citizen.stored or b""), Typed("1"), scene),
        lambda request: Answered(Outcome.OK, {"rang": 1}),
    )
    assert turned.page.startswith("Ouvrir ?")
    assert encode(turned.session)


def test_two_conversations_do_not_share_effects_keys() -> None:
    citizen = Citizen(build(text_of(LOOPS)))
    citizen.dial("*229#")
    first = citizen.session.conversation
    citizen.type("1")
    citizen.dial("*229#")
    assert citizen.session.conversation != first


def test_a_suffix_is_cut_where_nobody_would_dial_more() -> None:
    service = ROUND.replace("Encore {compte} ?", "Encore ?")
    citizen = Citizen(build(text_of(service)))
    scene = Scene(PHONE, bearer(citizen.program, None), 0, TODAY)
    event = Dial("*229#", "c", ("1",) * 500)
    turned = drive(
        turn(citizen.program, None, event, scene), lambda request: Answered(Outcome.UNAVAILABLE)
    )
    assert len(turned.session.history) == 20
