"""Loading: what a folder compiles to, and what a fault in one file does to the others."""

from __future__ import annotations

import os
import random
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from gateway.events import Encoding, Outcome
from gateway.menu import load
from gateway.menu.codes import Code
from gateway.menu.findings import Severity
from gateway.menu.program import Call, EnvRef, Kind, Late, List, Resume, Way
from gateway.menu.program import Menu as MenuStep
from tests.menu.folder import lay, loading, program, service

DATA = Path(__file__).parent / "data"
EXAMPLE = DATA / "example"


def test_the_example_loads_clean() -> None:
    """The example of the documentation, with the shared services that it names."""
    loaded = load(EXAMPLE, drafts=True)
    assert loaded.findings == ()
    assert loaded.program is not None
    assert set(loaded.program.services) == {
        "accueil",
        "etat-civil",
        "commun/identifier",
        "commun/panne",
        "commun/rappel",
    }
    assert loaded.program.hash == loaded.hash


def test_the_example_service() -> None:
    """What its header says, and what is so where it says nothing."""
    found = load(EXAMPLE, drafts=True).program
    assert found is not None
    service = found.services["etat-civil"]
    assert (service.agency, service.keywords) == ("anip", ("ACTE", "NAISSANCE"))
    assert (service.resume, service.resume_for) == (Resume.ASK, timedelta(minutes=30))
    assert service.languages == ("fr", "en", "fon", "yo_BJ")
    assert service.pins == {"secret"}
    ready = service.messages["statut_pret"]
    assert ready.data is not None
    assert {name: field.most for name, field in ready.data.items()} == {"numero": 12, "mairie": 30}
    assert (ready.essential, ready.resend_if_unsure, ready.any_hour) == (False, True, False)
    assert ready.valid_for == timedelta(days=3)
    assert service.messages["demande_recue"].data is None
    assert len(found.steps) == sum(
        len(part) for each in found.services.values() for part in each.parts.values()
    )
    assert all(found.steps[step.id] is step for part in service.parts.values() for step in part)


def test_the_example_site() -> None:
    """Codes, languages, operators, back ends and queues as the engineer wrote them."""
    found = load(EXAMPLE, drafts=True).program
    assert found is not None
    site = found.site
    assert (site.source, site.country, site.timezone) == ("fr", "BJ", "Africa/Porto-Novo")
    assert site.offered == ("fr", "en", "fon", "yo_BJ")
    webhook = site.agencies["anip"].webhook
    assert isinstance(webhook, EnvRef)
    assert (webhook.name, webhook.place.column) == ("ANIP_WEBHOOK", 32)
    assert found.dialled(("229", "1", "3")) == (("229", "1"), "etat-civil")
    assert found.dialled(("229",)) == (("229",), "accueil")
    assert found.dialled(("111",)) is None
    assert site.operators["61602"].budget == 140
    assert (site.operators["61607"].encoding, site.operators["61607"].budget) == (
        Encoding.UCS2,
        70,
    )
    assert site.operators["61603"].budget == site.budget == 160
    assert site.sms.quiet == ("21:00", "07:00")
    assert site.callbacks["accueil"].promise == timedelta(hours=48)
    assert site.callbacks["accueil"].promise_text == "48 h"
    backend = site.backends["anip"]
    assert (backend.timeout, backend.insecure) == (timedelta(seconds=3), False)
    create = backend.operations["creer_demande"]
    assert (create.method, create.path, create.safe, create.many) == (
        "POST",
        "/demandes",
        False,
        False,
    )
    assert create.outcomes == {
        404: Outcome.NOT_FOUND,
        409: Outcome.REFUSED,
        422: Outcome.INVALID,
    }
    assert create.gives["statut"].kind is Kind.ONE_OF
    assert create.gives["statut"].values == ("recu", "pret")
    assert backend.operations["mes_demandes"].many
    assert backend.operations["tarif"].safe
    assert backend.operations["tarif"].gives["frais"].kind is Kind.NUMBER


def test_drafts_are_offered_only_where_they_are_allowed() -> None:
    """And the hash of the program tells the two apart."""
    with_drafts, without = load(EXAMPLE, drafts=True), load(EXAMPLE, drafts=False)
    assert without.program is not None
    assert without.program.site.offered == ("fr", "en")
    assert set(without.program.site.languages) == {"fr", "en", "fon", "yo_BJ"}
    assert without.hash != with_drafts.hash


def test_a_missing_environment_variable_is_no_matter_at_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`env:NAME` is read at the start of a process that needs it."""
    monkeypatch.delenv("ANIP_URL", raising=False)
    loaded = load(EXAMPLE, drafts=True)
    assert loaded.program is not None
    url = loaded.program.site.backends["anip"].url
    assert isinstance(url, EnvRef)
    assert url.name == "ANIP_URL"


def test_fails_without_a_name_takes_the_unavailable_way() -> None:
    """Every outcome but ok has a way."""
    loaded = load(EXAMPLE, drafts=True)
    assert loaded.program is not None
    step = next(
        step
        for step in loaded.program.services["etat-civil"].parts["demande"]
        if isinstance(step, Call) and step.secrets
    )
    assert set(step.fails) == set(Outcome) - {Outcome.OK}
    assert step.fails[Outcome.INVALID] == step.fails[Outcome.UNAVAILABLE]
    assert step.fails[Outcome.REFUSED].part == "refus"


def test_labels_are_the_words_behind_saved_values(tmp_path: Path) -> None:
    """Of a choice, of a back end's declared value, and of both through `do`."""
    files = {
        "essai.yaml": service(
            """
- do: partage
- call: mairie.dossiers
  with: [phone]
  save: dossiers
  fails: autre
- list: dossiers
  text: Lequel ?
  item: "{numero} {statut|label}"
  save: dossier
- list: dossiers
  text: Lequel ?
  item: "{numero}"
  save: etat
  value: statut
- end: "{acte|label} {dossier.statut|label} {etat|label}"
"""
        ),
        "partage.yaml": service(
            "- menu: Quoi ?\n  save: acte\n  choices:\n    - Acte de naissance: naissance"
        ),
        "voisin.yaml": service(
            "- menu: Quoi ?\n  save: acte\n  choices:\n    - Naissance: naissance\n- end: Fin."
        ),
    }
    locales = {"fr/LC_MESSAGES/site.po": 'msgid "pret"\nmsgstr "prêt"\n'}
    found = program(tmp_path, files, locales)
    labels = found.services["essai"].labels
    assert labels["acte"]["naissance"].source == "Acte de naissance"
    assert found.services["voisin"].labels["acte"]["naissance"].source == "Naissance"
    for name in ("dossier.statut", "etat", "statut"):
        word = labels[name]["pret"]
        assert word.domain == "site"
        assert word.variants["fr"].forms == (("prêt",),)


def test_a_secret_is_known_in_the_shared_part_that_sends_it(tmp_path: Path) -> None:
    """Variables are shared through `do`, so secrets are secret on both sides."""
    files = {
        "essai.yaml": service(
            "- ask: Code\n  type: secret\n  save: code\n- do: envoi\n- end: Fin."
        ),
        "envoi.yaml": service(
            "- call: mairie.creer\n  with: [code]\n  fails: continue\n- end: Fin."
        ),
    }
    found = program(tmp_path, files)
    step = found.services["envoi"].parts["start"][0]
    assert isinstance(step, Call)
    assert step.secrets == {"code"}
    assert found.services["essai"].pins == {"code"}
    assert found.services["envoi"].pins == frozenset()


def test_a_table_is_read(tmp_path: Path) -> None:
    """Its cells are strings, commas may stand between quotes, empty lines are no rows."""
    files = {"tables/t.csv": '\ufeffcode,nom\n01," Cotonou, Littoral "\n\n02,"a""b"\n'}
    files["essai.yaml"] = service(
        '- list: tables/t.csv\n  text: Où ?\n  item: "{nom}"\n  save: ville\n- end: "{ville.nom}"'
    )
    found = program(tmp_path, files)
    table = found.tables["t"]
    assert table.fields == ("code", "nom")
    assert [dict(row) for row in table.rows] == [
        {"code": "01", "nom": "Cotonou, Littoral"},
        {"code": "02", "nom": 'a"b'},
    ]
    step = found.services["essai"].parts["start"][0]
    assert isinstance(step, List)
    assert step.records is table


def test_the_gateways_own_words_are_translated_and_overridden(tmp_path: Path) -> None:
    """The package ships them; a deployment's catalogue goes first."""
    found = program(
        tmp_path, {}, {"en/LC_MESSAGES/gateway.po": 'msgid "Retour"\nmsgstr "Backwards"\n'}
    )
    assert found.words["back"].variants["en"].forms == (("Backwards",),)
    assert found.words["home"].variants["fr"].forms == (("Accueil",),)


def test_a_service_may_hold_messages_only(tmp_path: Path) -> None:
    """An agency that only sends has nothing to show; nobody can go there."""
    messages = "title: Avis\nagency: mairie\nmessages:\n  avis: Bonjour.\n"
    found = program(tmp_path, {"avis.yaml": messages})
    assert found.services["avis"].parts == {}
    loaded = loading(tmp_path, {"essai.yaml": service("- go: avis")})
    assert [finding.code for finding in loaded.findings] == ["unknown-target"]


def test_an_unknown_target_does_not_hide_other_findings(tmp_path: Path) -> None:
    """It becomes a way to nowhere, so that the rules still see the rest."""
    loaded = loading(tmp_path, {"essai.yaml": service("- menu: Quoi ?\n  choices: [Un: deux]")})
    assert loaded.program is None
    assert loaded.compiled is not None
    step = loaded.compiled.services["essai"].parts["start"][0]
    assert isinstance(step, MenuStep)
    assert step.choices[0].go is not None
    assert step.choices[0].go.way is Way.UNKNOWN


def test_scenarios_and_other_files_are_no_services(tmp_path: Path) -> None:
    """Only `<name>.yaml` is one; what is hidden is left alone."""
    files = {
        "essai.test.yaml": "- test: [",
        "README.md": "# Menus",
        ".cache/x.yaml": "[",
        "menu.schema.json": "{",
    }
    assert set(program(tmp_path, files).services) == {"autre"}


def test_a_pipe_in_the_folder_keeps_nobody_waiting(tmp_path: Path) -> None:
    """What is no file is not read."""
    menus, _ = lay(tmp_path, {})
    os.mkfifo(menus / "essai.yaml")
    assert load(menus, drafts=True).findings == ()


def test_a_name_that_cannot_be_printed(tmp_path: Path) -> None:
    """A file's name in another encoding is a finding that can be shown."""
    menus, _ = lay(tmp_path, {})
    for folder, name in ((menus, b"caf\xe9.yaml"), (menus / "tables", b"caf\xe9.csv")):
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(b"title: x")
    loaded = load(menus, drafts=True)
    assert [finding.code for finding in loaded.findings] == ["file-name", "file-name"]
    assert [finding.place.file.encode() for finding in loaded.findings]


def test_a_message_may_count(tmp_path: Path) -> None:
    """A counted text stands wherever a text does."""
    steps = "- ask: Combien ?\n  type: number\n  save: n\n- sms: recu\n- end: Fin."
    messages = 'messages:\n  recu: { one: Un acte, other: "{n} actes", count: n }\n'
    found = program(tmp_path, {"essai.yaml": service(steps, messages)})
    text = found.services["essai"].messages["recu"].text
    assert (text.source, text.source_plural) == ("Un acte", "{n} actes")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """One finding, with its name."""
    loaded = load(tmp_path / "rien", drafts=False)
    assert loaded.program is None
    assert [finding.code for finding in loaded.findings] == ["file-missing"]


def test_findings_are_in_order_of_place(tmp_path: Path) -> None:
    """By file, line and column, however they were found."""
    files = {
        "b.yaml": "title: B\nflow:\n  start:\n    - go: ici\n    - go: la\nautre: x\n",
        "a.yaml": "title: A\nflow:\n  start:\n    - end: Choisissez :\n    - go: la\n",
    }
    places = [finding.place for finding in loading(tmp_path, files).findings]
    assert len(places) == 5
    assert places == sorted(places)


def test_five_thousand_screens_load_in_seconds(tmp_path: Path) -> None:
    """A country's services, on a small shared machine."""
    files = {}
    for number in range(50):
        parts = "".join(
            f"  p{part}:\n    - menu: Que voulez-vous faire {part} ?\n      choices:\n"
            f"        - Un acte {part}: p{(part + 1) % 100}\n"
            f"        - Un autre {part}: p{(part + 2) % 100}\n"
            for part in range(100)
        )
        files[f"s{number}.yaml"] = f"title: S{number}\nflow:\n  start:\n    - go: p0\n{parts}"
    started = time.perf_counter()
    loaded = loading(tmp_path, files)
    assert loaded.compiled is not None
    assert len(loaded.compiled.steps) > 5000
    assert time.perf_counter() - started < 30


_FILES = {
    path.relative_to(EXAMPLE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(EXAMPLE.rglob("*.yaml"))
    if not path.name.endswith(".test.yaml")
}


def _damaged(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        line = chance.randrange(len(lines))
        match chance.randrange(6):
            case 0:
                del lines[line]
            case 1:
                lines.insert(line, lines[chance.randrange(len(lines))])
            case 2:
                lines[line] = lines[line][: chance.randrange(len(lines[line]) + 1)]
            case 3:
                at = chance.randrange(len(lines[line]) + 1)
                extra = chance.choice([" : ", " #", "{", "}", "[", '"', "'", "\t", "*", "- ", "é"])
                lines[line] = lines[line][:at] + extra + lines[line][at:]
            case 4:
                lines[line] = " " * chance.randrange(4) + lines[line]
            case _:
                lines[line] = re.sub(r"\w+", "mot", lines[line], count=1)
        if not lines:
            return ""
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(150))
def test_a_damaged_file_gives_findings_and_never_a_traceback(seed: int, tmp_path: Path) -> None:
    """And what is left out of the program is never left out silently."""
    chance = random.Random(seed)  # noqa: S311 - chance for a test, not for a secret
    name = chance.choice(sorted(_FILES))
    menus = tmp_path / "menus"
    damaged = {**_FILES, name: _damaged(_FILES[name], chance)}
    for file, text in damaged.items():
        (menus / file).parent.mkdir(parents=True, exist_ok=True)
        (menus / file).write_text(text, encoding="utf-8")
    loaded = load(menus, drafts=True)
    for finding in loaded.findings:
        lines = damaged[Path(finding.place.file).relative_to(menus).as_posix()].splitlines()
        assert 1 <= finding.place.line <= len(lines) + 1
        assert finding.message
    if loaded.program is not None:
        written = sum(
            len(steps)
            for file, text in damaged.items()
            for steps in yaml.load(text, yaml.BaseLoader).get("flow", {}).values()  # noqa: S506
        )
        assert len(loaded.program.steps) == written


def test_what_an_operation_may_say_of_its_answers(tmp_path: Path) -> None:
    """Outcomes by status and by a field, patience, what is kept, what comes late."""
    (tmp_path / "accueil.yaml").write_text(
        "title: Accueil\nflow: { start: [{ end: Bonjour. }] }\n", encoding="utf-8"
    )
    site = """
codes: { "*229#": accueil }
backends:
  anip:
    url: https://anip.example
    at_once: 8
    operations:
      tarif: { get: /tarifs, cache: 5 m }
      creer:
        post: /demandes
        timeout: 20 s
        late: sms
        outcomes: { 404: not_found, code: { NPI_INCONNU: not_found, "7": refused } }
"""
    (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.program is not None, loaded.findings
    anip = loaded.program.site.backends["anip"]
    assert anip.at_once == 8
    assert anip.operations["tarif"].cache == timedelta(minutes=5)
    create = anip.operations["creer"]
    assert (create.timeout, create.late) == (timedelta(seconds=20), Late.SMS)
    assert create.outcomes == {404: Outcome.NOT_FOUND}
    assert create.told_by == "code"
    assert create.told == {"NPI_INCONNU": Outcome.NOT_FOUND, "7": Outcome.REFUSED}


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("{ post: /d, cache: 5 m }", Code.MISPLACED_KEY),
        ("{ get: /d, late: fax }", Code.BAD_VALUE),
        ("{ get: /d, outcomes: { code: { A: parti } } }", Code.BAD_VALUE),
        ("{ get: /d, outcomes: { code: refused } }", Code.BAD_VALUE),
        ("{ get: /d, outcomes: { a: { A: ok }, b: { B: ok } } }", Code.MISPLACED_KEY),
    ],
)
def test_what_an_operation_cannot_say(tmp_path: Path, operation: str, code: Code) -> None:
    (tmp_path / "accueil.yaml").write_text(
        "title: Accueil\nflow: { start: [{ end: Bonjour. }] }\n", encoding="utf-8"
    )
    site = f"""
backends:
  anip:
    url: https://anip.example
    operations:
      lire: {operation}
codes: {{ "*229#": accueil }}
"""
    (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    errors = [one for one in load(tmp_path).findings if one.severity is Severity.ERROR]
    assert [(one.code, one.place.line) for one in errors] == [(code, 6)]
