"""Messages as phones get them: who sends them, what they are filled with, what they cost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.events import Encoding
from gateway.menu.messages import Written, code_of, cost, find, language_of, write
from gateway.menu.program import Program
from gateway.menu.sending import Provider
from tests.menu.folder import SMALL, program

SITE = (SMALL / "site.yaml").read_text(encoding="utf-8")
TODAY = date(2026, 11, 27)
MENU = """title: Essai
agency: mairie
flow:
  start:
    - sms: recu
    - end: Fin.
messages:
  recu: Demande reçue.
  pret:
    data: { numero: 12, jour: date, statut: [bon, refus], frais: money, jours: number }
    text: "Acte {numero} : {statut|label}, {jour|date}, {frais|money}, âge {jour|age}. {ussd}"
    valid_for: 2 d
  compte:
    data: { n: number }
    text: { one: "{n} acte prêt.", other: "{n} actes prêts.", count: n }
  nomme:
    data: { numero: 12 }
    text: "mairie, demande {numero}"
  nu:
    data: { numero: 12 }
    text: "{numero} est prêt."
"""
DATA = {"numero": "EC-1042", "jour": "2026-03-15", "statut": "bon", "frais": "2500", "jours": 3}
LOCALES = {
    "en/LC_MESSAGES/essai.po": 'msgid "bon"\nmsgstr "good"\n\n'
    'msgid "{numero} est prêt."\nmsgstr "{numero} is ready."\n',
    "en/LC_MESSAGES/site.po": 'msgid "Mairie"\nmsgstr "Town hall"\n',
    "fon/LC_MESSAGES/essai.po": '#, fuzzy\nmsgid "{numero} est prêt."\n'
    'msgstr "{numero} ɔ́ ɖò te."\n',
}


def laid(folder: Path, **more: str) -> Program:
    return program(folder, {"essai.yaml": MENU, **more}, LOCALES)


def written(found: Program, name: str, language: str | None, **data: object) -> Written:
    message = found.services["essai"].messages[name]
    return write(found, message, language, {**DATA, **data}, today=TODAY)  # type: ignore[dict-item]


def test_a_message_is_filled_fitted_and_counted(tmp_path: Path) -> None:
    """GSM-7 for French, spaces before its colon; no code opens the service, so the site's."""
    assert written(laid(tmp_path), "pret", "fr") == Written(
        text="Mairie : Acte EC-1042 : bon, 15 mars 2026, 2 500 F, age 0. *229#",
        encoding=Encoding.GSM7,
        units=64,
        segments=1,
        language="fr",
    )


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("nu", "fr", "Mairie : EC-1 est prêt."),
        ("nu", "en", "Town hall: EC-1 is ready."),
        ("nu", "fon", "Mairie: EC-1 ɔ́ ɖò te."),
        ("nomme", "fr", "mairie, demande EC-1"),  # says it already, whatever its capitals
        ("nomme", "en", "mairie, demande EC-1"),  # not translated: as it is in French
    ],
)
def test_who_sends_it_stands_first(name: str, language: str, text: str, tmp_path: Path) -> None:
    """In her language's words and typography, once."""
    shown = written(laid(tmp_path), name, language, numero="EC-1").text
    assert shown == text.replace("prêt", "pret")


def test_the_short_name_goes_first(tmp_path: Path) -> None:
    """A ministry's whole name would take half a segment."""
    site = SITE.replace("name: Mairie,", "name: Mairie de Cotonou, short: Ville,")
    found = laid(tmp_path, **{"site.yaml": site})
    assert written(found, "nu", "fr").text == "Ville : EC-1042 est pret."
    assert written(found, "compte", "fr", n=2).text == "Ville : 2 actes prets."
    assert found.services["essai"].messages["nu"].text.source == "{numero} est prêt."


def test_declared_values_are_in_her_language(tmp_path: Path) -> None:
    """The agency's own words, in its own catalogue."""
    assert "good" in written(laid(tmp_path), "pret", "en").text


def test_a_tonal_language_is_sent_in_ucs2_only_where_its_letters_need_it(tmp_path: Path) -> None:
    """No letter is lost either way, and a segment holds more than twice as much."""
    found = laid(tmp_path)
    assert written(found, "nu", "fon").encoding is Encoding.UCS2
    assert written(found, "nomme", "fon").encoding is Encoding.GSM7


def test_a_language_that_is_not_offered_falls_back_on_the_source(tmp_path: Path) -> None:
    found = laid(tmp_path)
    message = found.services["essai"].messages["nu"]
    codes = [language_of(found, message, wanted).code for wanted in (None, "yo_BJ", "en")]
    assert codes == ["fr", "fr", "en"]


def test_a_service_offered_in_english_alone_writes_english(tmp_path: Path) -> None:
    found = laid(tmp_path, **{"essai.yaml": MENU.replace("flow:", "languages: [en]\nflow:", 1)})
    assert written(found, "nu", "fr").language == "en"


def test_an_agency_finds_its_own_messages_with_data(tmp_path: Path) -> None:
    """Never another's, and never what only a flow sends."""
    found = laid(tmp_path)
    assert find(found, "mairie", "essai/pret") is found.services["essai"].messages["pret"]
    for agency, name in [
        ("autre", "essai/pret"),
        ("mairie", "essai/recu"),
        ("mairie", "essai/rien"),
        ("mairie", "rien/pret"),
        ("mairie", "pret"),
    ]:
        assert find(found, agency, name) is None


def test_the_code_is_the_nearest_that_leads_there(tmp_path: Path) -> None:
    """The shortest that opens the service, else the folder's, else the one that was dialled."""
    site = SITE.replace('"*229#": autre', '"*229#": autre\n  "*229*12#": essai\n  "*229*1#": essai')
    below = {"essai/bas.yaml": MENU, "loin.yaml": MENU}
    found = laid(tmp_path, **{"site.yaml": site, **below})
    messages = {
        name: found.services[name].messages["nu"] for name in ("essai", "essai/bas", "loin")
    }
    assert [message.ussd for message in messages.values()] == ["*229*1#", "*229*1#", None]
    assert code_of(found.site, messages["essai"], "*229*12#") == "*229*1#"
    assert code_of(found.site, messages["loin"], "*229*12#") == "*229*12#"
    assert code_of(found.site, messages["loin"]) == "*229#"


def test_what_the_site_says_of_sending(tmp_path: Path) -> None:
    """Providers in their order with their rates, a price, and how long a message is good."""
    sms = (
        "sms:\n  essential: yes\n  providers: { lent: { rate: 2 }, usuel: {} }\n"
        "  valid_for: 6 h\n  brake: 5\n  price: 12,5 F\n"
    )
    found = laid(tmp_path, **{"site.yaml": SITE + sms})
    said = found.site.sms
    assert (said.essential, said.brake, said.price) == (True, 5, Decimal("12.5"))
    assert said.providers == (Provider("lent", 2), Provider("usuel", 10))
    messages = found.services["essai"].messages
    assert messages["nu"].valid_for == timedelta(hours=6)
    assert messages["pret"].valid_for == timedelta(days=2)
    assert cost(found.site, 3) == Decimal("37.5")


def test_what_holds_where_the_site_says_nothing(tmp_path: Path) -> None:
    found = laid(tmp_path, **{"site.yaml": SITE + "sms: { providers: [un, deux] }\n"})
    said = found.site.sms
    assert (said.essential, said.brake, said.price) == (False, 3, None)
    assert said.valid_for == found.services["essai"].messages["nu"].valid_for == timedelta(days=3)
    assert said.providers == (Provider("un"), Provider("deux"))
    assert cost(found.site, 3) is None


def test_a_webhook_is_always_signed(tmp_path: Path) -> None:
    """With what the site names, or with the secret of the agency's usual name."""
    site = SITE.replace(
        "agencies:\n",
        "agencies:\n  a-b: { name: A, webhook: env:A }\n"
        "  c: { name: C, webhook: env:C, webhook_secret: env:AUTRE }\n  d: D\n",
    )
    agencies = laid(tmp_path, **{"site.yaml": site}).site.agencies
    secrets = [agency.webhook_secret for agency in agencies.values()]
    names = [secret.name if secret is not None else None for secret in secrets]
    assert names == ["A_B_WEBHOOK_SECRET", "AUTRE", None, "MAIRIE_WEBHOOK_SECRET"]
