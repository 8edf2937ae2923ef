"""The small town hall of `data/`: French and English, a back end, two operators."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from textwrap import dedent

from gateway.menu import load
from gateway.menu.findings import Finding, Findings
from gateway.menu.program import Program
from gateway.scenarios.play import Failure, Played, play
from gateway.scenarios.reading import read_file
from gateway.scenarios.scenario import Scenario

DATA = Path(__file__).parent / "data"
FILE = "menus/acte.test.yaml"

REQUEST = """\
- test: Demander un acte
  backends:
    mairie.tarif: { frais: 500, jours: 2 }
    mairie.deposer: { numero: EC-1042 }
  play:
    - shows: Quel acte ?
    - enter: 1
    - enter: Afi Dossou
    - shows: Payer 500 F
    - enter: 1
    - shows: Votre code
    - enter: 4826
    - shows: EC-1042
    - enter: 5
    - ends: Merci
  sms: recu
  hidden: "4826"
"""


@cache
def program(*, drafts: bool = False) -> Program:
    loaded = load(DATA / "menus", [DATA / "locales"], drafts=drafts)
    assert loaded.program is not None, loaded.findings
    return loaded.program


def lay(folder: Path) -> Path:
    """A copy that a test may change; its menus."""
    shutil.copytree(DATA, folder, dirs_exist_ok=True)
    return folder / "menus"


def read_text(text: str, service: str = "acte") -> tuple[list[Scenario], tuple[Finding, ...]]:
    findings = Findings()
    scenarios = read_file(program(), FILE, service, dedent(text), findings)
    return scenarios, findings.in_order()


def scenario(text: str, service: str = "acte") -> Scenario:
    """The only one of a text without faults."""
    scenarios, findings = read_text(text, service)
    assert findings == ()
    [only] = scenarios
    return only


def played(text: str, service: str = "acte", menus: Program | None = None) -> list[Played]:
    return play(menus or program(), scenario(text, service))


def failures(text: str, service: str = "acte", menus: Program | None = None) -> list[Failure]:
    return [failure for one in played(text, service, menus) for failure in one.failures]


def moves(*lines: str, head: str = "") -> str:
    """A scenario of these moves."""
    about = "".join(f"  {line}\n" for line in dedent(head).strip().splitlines())
    return f"- test: Essai\n{about}  play:\n" + "".join(f"    - {line}\n" for line in lines)


def untranslated(folder: Path, *sources: str) -> Program:
    """The menus, these texts no longer being translated into English."""
    menus = lay(folder)
    for path in (folder / "locales").rglob("*.po"):
        entries = path.read_text(encoding="utf-8").split("\n\n")
        kept = [one for one in entries if not any(f'msgid "{text}"' in one for text in sources)]
        path.write_text("\n\n".join(kept), encoding="utf-8")
    loaded = load(menus, [folder / "locales"], drafts=False)
    assert loaded.program is not None, loaded.findings
    return loaded.program
