"""Every verb has its cases: steps as an author writes them, and what they compile to."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.menu import load
from gateway.menu.codes import Code
from gateway.menu.program import Step
from gateway.menu.verbs import registry
from tests.menu.describe import describe

HERE = Path(__file__).parent
VERBS = HERE / "verbs"


def cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['case']}")
        for path in sorted(VERBS.glob("*.yaml"))
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def compiled(case: dict[str, Any], folder: Path) -> tuple[Step, ...]:
    """The case's steps as part `start` of a service beside the sound small ones."""
    menus = folder / "menus"
    shutil.copytree(HERE / "data" / "small", menus)
    text = "title: Essai\nagency: mairie\nflow:\n  start:\n"
    text += textwrap.indent(case["steps"], "    ")
    text += "  fin:\n    - end: Fin.\n" + case.get("messages", "")
    (menus / "essai.yaml").write_text(text, encoding="utf-8")
    loaded = load(menus, drafts=True)
    own = {str(code) for code in Code}
    assert [finding for finding in loaded.findings if finding.code in own] == []
    assert loaded.compiled is not None
    return loaded.compiled.services["essai"].parts["start"]


@pytest.mark.parametrize(("verb", "case"), cases())
def test_steps_compile_to(verb: str, case: dict[str, Any], tmp_path: Path) -> None:
    """Each key and form of a verb comes out as the engine will see it."""
    steps = compiled(case, tmp_path)
    assert describe(list(steps)) == case["gives"]
    assert verb in {step.verb for step in steps}


def test_every_verb_has_cases() -> None:
    """A new verb without cases fails here."""
    assert {path.stem for path in VERBS.glob("*.yaml")} == set(registry())


def test_every_key_of_every_verb_is_used_in_its_cases() -> None:
    """A key that no case writes is a key that nobody tried."""
    for name, verb in registry().items():
        text = (VERBS / f"{name}.yaml").read_text(encoding="utf-8")
        steps = "".join(case["steps"] for case in yaml.safe_load(text))
        unused = [key.name for key in verb.keys if f"{key.name}:" not in steps]
        assert unused == [], name


def test_a_step_keeps_its_name_when_others_are_put_before_it(tmp_path: Path) -> None:
    """A conversation finds its step again in an edited menu, by what the step says."""
    steps = "- ask: Votre nom\n  save: nom\n- say: Merci.\n- say: Merci.\n"
    first = compiled({"steps": steps}, tmp_path / "first")
    more = compiled({"steps": "- say: Bonjour\n" + steps}, tmp_path / "more")
    assert [step.id for step in more[1:]] == [step.id for step in first]
    assert len({step.id for step in more}) == len(more)
    assert all(len(step.id) == 8 for step in more)


def test_a_question_keeps_its_name_when_its_words_change(tmp_path: Path) -> None:
    """What is saved names a question; its wording may be corrected under a conversation."""
    before = compiled({"steps": "- ask: Votre nom\n  save: nom\n"}, tmp_path / "before")
    after = compiled({"steps": "- ask: Votre nom ?\n  save: nom\n"}, tmp_path / "after")
    assert before[0].id == after[0].id
