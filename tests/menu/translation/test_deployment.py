"""Extraction out of a deployment's folder, and the count of what is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import CatalogueError
from gateway.menu import load
from gateway.menu.program import Program
from gateway.menu.translation import Count, extract, orphans, status
from gateway.menu.translation.po import Entry, read
from gateway.menu.words import WORDS

SITE = """source: fr
languages:
  fr: Français
  en: English
  fon: { name: Fɔngbè, state: draft }
agencies:
  anip: { name: ANIP }
codes:
  "*229#": etat-civil
types:
  npi: { type: digits, length: 10, error: Le NPI a 10 chiffres. }
callbacks:
  accueil: { title: Centre de service, promise: 48 h }
backends:
  anip:
    url: http://localhost:9000
    operations:
      creer: { post: /demandes, gives: { numero: 12, statut: [recu, pret] } }
"""
SERVICE = """title: Actes
agency: anip
flow:
  start:
    - menu: Quel acte ?
      save: acte
      choices: [Naissance, Mariage]
    - ask: Votre NPI
      save: npi
      type: npi
    - confirm: Demander {acte|label} ?
    - call: anip.creer
      with: [acte, npi]
      save: dossier
      fails: commun/panne
    - callback: accueil
    - sms: recue
    - say: { one: "{npi} jour d'attente", other: "{npi} jours d'attente", count: npi }
    - list: tables/mairies.csv
      text: Quelle mairie ?
      item: "{nom}"
      save: mairie
    - end: Demande {dossier.numero} à {mairie.nom}.
messages:
  recue: "Demande {dossier.numero} reçue."
"""
PANNE = """title: Panne
agency: anip
flow:
  start:
    - end: Rappelez demain.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A deployment with a service in a folder, a table, a type, a queue and a back end."""
    menus = tmp_path / "menus"
    for name, text in {
        "site.yaml": SITE,
        "etat-civil.yaml": SERVICE,
        "commun/panne.yaml": PANNE,
        "tables/mairies.csv": "code,nom\nCOT,Cotonou\n",
    }.items():
        (menus / name).parent.mkdir(parents=True, exist_ok=True)
        (menus / name).write_text(text, encoding="utf-8")
    return tmp_path


def program(folder: Path) -> Program:
    loaded = load(folder / "menus", drafts=True)
    assert loaded.program is not None, loaded.findings
    return loaded.program


def extracted(folder: Path, **more: Path) -> list[str]:
    changes = extract(program(folder), folder / "menus", folder / "locales", **more)
    return [change.path.relative_to(folder).as_posix() for change in changes]


def entries(folder: Path, name: str) -> dict[str, Entry]:
    text = (folder / "locales" / name).read_text(encoding="utf-8")
    return {entry.msgid: entry for entry in read(text, name).entries}


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_file_for_each_language_and_domain(folder: Path) -> None:
    """Services, the site, and our own words where the package has not translated them."""
    assert extracted(folder) == [
        "locales/commun.panne.pot",
        "locales/en/LC_MESSAGES/commun.panne.po",
        "locales/en/LC_MESSAGES/etat-civil.po",
        "locales/en/LC_MESSAGES/site.po",
        "locales/etat-civil.pot",
        "locales/fon/LC_MESSAGES/commun.panne.po",
        "locales/fon/LC_MESSAGES/etat-civil.po",
        "locales/fon/LC_MESSAGES/site.po",
        "locales/gateway.pot",
        "locales/site.pot",
    ]
    assert set(entries(folder, "gateway.pot")) == set(WORDS.values())
    assert list(entries(folder, "site.pot")) == [
        "ANIP",
        "Le NPI a 10 chiffres.",
        "Centre de service",
        "recu",
        "pret",
    ]


def test_our_own_words_are_for_a_language_that_the_package_has_not(folder: Path) -> None:
    """What it has drafted in part is for those who ship it; an override is kept up to date."""
    site = folder / "menus/site.yaml"
    site.write_text(SITE.replace("  fon:", "  ee: Eʋegbe\n  fon:"), encoding="utf-8")
    own = folder / "locales/fon/LC_MESSAGES/gateway.po"
    own.parent.mkdir(parents=True)
    own.write_text('msgid "Retour"\nmsgstr "Lɛkɔ"\n', encoding="utf-8")
    changed = [path for path in extracted(folder) if path.endswith("gateway.po")]
    assert changed == ["locales/ee/LC_MESSAGES/gateway.po", "locales/fon/LC_MESSAGES/gateway.po"]
    assert entries(folder, "fon/LC_MESSAGES/gateway.po")["Retour"].translated
    assert len(entries(folder, "ee/LC_MESSAGES/gateway.po")) == len(WORDS)


def test_extracting_again_changes_nothing(folder: Path) -> None:
    """No date, no order of chance; and from another working directory neither."""
    extracted(folder)
    assert extracted(folder) == []


def test_what_a_translator_is_told(folder: Path) -> None:
    """Where a text stands, how long what is filled in can be, how much room there is."""
    extracted(folder)
    texts = entries(folder, "fon/LC_MESSAGES/etat-civil.po")
    assert list(texts)[:4] == ["Actes", "Quel acte ?", "Naissance", "Mariage"]
    label = texts["Naissance"]
    assert label.notes == ["etat-civil/start, menu: choice", "max-length:24"]
    assert (label.references, label.flags) == (["menus/etat-civil.yaml:7"], ["max-length:24"])
    message = texts["Demande {dossier.numero} reçue."]
    # 160 septets: seven for « ANIP : », twelve for the number, whose placeholder has 16 characters
    assert message.notes == [
        "etat-civil/recue",
        "{dossier.numero}: up to 12 characters",
        "max-length:157",
    ]
    assert message.flags == ["python-brace-format", "max-length:157"]
    confirm = texts["Demander {acte|label} ?"]
    # the screen's other lines: 1. Oui, 2. Non, 0. Retour, 00. Accueil, and four line breaks
    assert confirm.notes[-1] == f"max-length:{160 - 36 - len('Naissance') + len('{acte|label}')}"


def test_plurals_and_headers_of_a_language_that_cldr_does_not_know(folder: Path) -> None:
    """Babel would drop the header."""
    extracted(folder)
    path = folder / "locales/fon/LC_MESSAGES/etat-civil.po"
    text = path.read_text(encoding="utf-8")
    assert '"Language: fon\\n"\n' in text
    assert '"Plural-Forms: nplurals=2; plural=n != 1;\\n"\n' in text
    assert (
        'msgid "{npi} jour d\'attente"\nmsgid_plural "{npi} jours d\'attente"\n'
        'msgstr[0] ""\nmsgstr[1] ""\n' in text
    )


def test_an_edit_of_the_menus_keeps_the_work(folder: Path) -> None:
    """A changed text is fuzzy, a removed one rests at the end, the others stay as they are."""
    extracted(folder)
    path = "locales/en/LC_MESSAGES/etat-civil.po"
    edit(folder, path, 'msgid "Quel acte ?"\nmsgstr ""', 'msgid "Quel acte ?"\nmsgstr "Which?"')
    edit(folder, path, 'msgid "Mariage"\nmsgstr ""', 'msgid "Mariage"\nmsgstr "Marriage"')
    edit(folder, path, 'msgid "Votre NPI"\nmsgstr ""', 'msgid "Votre NPI"\nmsgstr "Your NPI"')
    edit(folder, "menus/etat-civil.yaml", "Quel acte ?", "Quel acte, svp ?")
    edit(folder, "menus/etat-civil.yaml", "[Naissance, Mariage]", "[Naissance, Décès]")
    assert path in extracted(folder)
    texts = entries(folder, "en/LC_MESSAGES/etat-civil.po")
    assert (texts["Quel acte, svp ?"].forms, texts["Quel acte, svp ?"].fuzzy) == (["Which?"], True)
    assert (texts["Votre NPI"].forms, texts["Votre NPI"].fuzzy) == (["Your NPI"], False)
    assert texts["Décès"].forms == [""]
    assert (texts["Mariage"].obsolete, texts["Mariage"].forms) == (True, ["Marriage"])


def test_our_own_words_go_where_their_developers_keep_them(folder: Path) -> None:
    """All of them, in every language."""
    own = folder / "ours"
    extracted(folder, own=own)
    text = (own / "en/LC_MESSAGES/gateway.po").read_text(encoding="utf-8")
    assert {entry.msgid for entry in read(text, "gateway.po").entries} == set(WORDS.values())


def test_a_catalogue_of_no_service_is_left_alone_and_named(folder: Path) -> None:
    """A renamed service takes its translations over from there."""
    path = folder / "locales/en/LC_MESSAGES/actes.po"
    path.parent.mkdir(parents=True)
    path.write_text('msgid "Quel acte ?"\nmsgstr "Which one?"\n', encoding="utf-8")
    before = path.read_bytes()
    extracted(folder)
    assert entries(folder, "en/LC_MESSAGES/etat-civil.po")["Quel acte ?"].forms == ["Which one?"]
    assert path.read_bytes() == before
    assert list(orphans(program(folder), folder / "locales")) == [path]


def test_one_broken_catalogue_and_nothing_is_written(folder: Path) -> None:
    """It is named with its line; what was there stays."""
    path = folder / "locales/fon/LC_MESSAGES/site.po"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(CatalogueError, match="not UTF-8"):
        extracted(folder)
    path.write_text('msgid "a"\nmsgstr\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"site\.po:2: "):
        extracted(folder)
    assert [found.name for found in (folder / "locales").rglob("*.po*")] == ["site.po"]


def test_status_counts(folder: Path) -> None:
    """Fuzzy has a text that nobody has read; a text of placeholders only counts nowhere."""
    extracted(folder)
    path = "locales/fon/LC_MESSAGES/etat-civil.po"
    edit(folder, path, 'msgid "Mariage"\nmsgstr ""', 'msgid "Mariage"\nmsgstr "Asú"')
    edit(
        folder,
        path,
        '#, max-length:24\nmsgid "Naissance"\nmsgstr ""',
        '#, fuzzy\nmsgid "Naissance"\nmsgstr "Jiji"',
    )
    counts = {
        (one.language, one.domain): one for one in status(program(folder), folder / "locales")
    }
    found = counts["fon", "etat-civil"]
    assert (found.translated, found.fuzzy, found.missing, found.total) == (1, 1, 8, 10)
    assert found.read == 10
    assert counts["en", "gateway"] == Count("en", "gateway", len(WORDS), 0, 0)
    assert Count("en", "leer", 0, 0, 0).read == 100
