"""What citizens see, screen by screen: a file a subject in `transcripts/`.

    about: what is shown here
    covers: [menu]               # verbs and answer types
    menus: { essai.yaml: … }     # site.yaml as in `citizen.py` if it is left out
    or: folder: clinic-service-rating   # of `data/`, `menus` then adding to it
    answers: { mairie.tarif: { frais: 500 } }
    play:
      - dial: "*229#"
        shows: |- …              # the exact page

A step is `dial`, `type`, `sms` or `arrives`; before it may stand `wait` (seconds), `on` (network),
`today`, `answers` and `menus` (edited under the conversation). After it are held to what came of
it: `shows`, and where there was any `ends`, `calls`, `effects`, `language`, `holds` (of secrets).
`pytest tests/engine --update` writes them down anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.engine.answers import TYPES
from gateway.engine.verbs import VERBS
from tests.engine.citizen import Citizen, build, load_folder

HERE = Path(__file__).parent
FILES = sorted((HERE / "transcripts").glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    script: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return script


def program_of(script: Mapping[str, Any], edited: Mapping[str, str] | None = None) -> Any:
    files: dict[str, str] = {}
    if "folder" in script:
        folder = HERE / "data" / script["folder"]
        if edited is None and "menus" not in script:
            return load_folder(folder / "menus", folder / "locales")
        files = {
            str(path.relative_to(folder / "menus")): path.read_text(encoding="utf-8")
            for path in (folder / "menus").rglob("*.*")
        }
    return build({**files, **script.get("menus", {}), **(edited or {})})


def perform(script: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Play a transcript; its steps, with what came of each."""
    citizen = Citizen(
        program_of(script),
        answers=dict(script.get("answers", {})),
        language=script.get("language"),
    )
    return [came_of(citizen, script, step) for step in script["play"]]


def came_of(citizen: Citizen, script: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        key: step[key]
        for key in ("wait", "on", "today", "answers", "menus", "dial", "type", "sms", "arrives")
        if key in step
    }
    citizen.now += given.get("wait", 0)
    citizen.network = given.get("on", citizen.network)
    citizen.today = date.fromisoformat(str(given.get("today", citizen.today)))
    citizen.answers.update(given.get("answers", {}))
    if "menus" in given:
        citizen.program = program_of(script, given["menus"])
    if "dial" in given:
        citizen.dial(given["dial"])
    elif "sms" in given:
        citizen.text(given["sms"])
    elif "arrives" in given:
        citizen.arrives()
    else:
        citizen.type(given["type"])
    turned = citizen.turned
    assert turned is not None
    came: dict[str, Any] = {**given, "shows": turned.page}
    if turned.ends:
        came["ends"] = True
    if citizen.calls:
        came["calls"] = [
            {
                "operation": call.operation,
                **({"attempt": call.attempt} if call.attempt else {}),
                **({"with": dict(call.arguments)} if call.arguments else {}),
                **({"phone": call.phone} if call.phone else {}),
            }
            for call in citizen.calls
        ]
    if turned.effects:
        came["effects"] = [
            {
                "kind": effect.kind,
                "service": effect.service,
                **({"attempt": effect.attempt} if effect.attempt else {}),
                **effect.body,
            }
            for effect in turned.effects
        ]
    if turned.language:
        came["language"] = turned.language
    if turned.secrets:
        came["holds"] = sorted(turned.secrets)
    return came


class _Dumper(yaml.SafeDumper):
    """Pages as blocks, so that they are read as they are seen."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def rewrite(path: Path, steps: list[dict[str, Any]]) -> None:
    head, _, _ = path.read_text(encoding="utf-8").partition("\nplay:\n")
    played = yaml.dump(
        {"play": steps}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100
    )
    path.write_text(f"{head}\n{played}", encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_transcript(path: Path, update: bool) -> None:
    script = read(path)
    steps = perform(script)
    if update:
        rewrite(path, steps)
    assert read(path)["play"] == steps


def test_every_verb_and_answer_type_has_a_transcript() -> None:
    covered = {name for path in FILES for name in read(path)["covers"]}
    assert covered >= {*VERBS, *TYPES}


def test_every_transcript_meets_what_it_says_that_it_covers() -> None:
    """A file that names a verb holds that verb, so that the walk above proves something."""
    for path in FILES:
        script = read(path)
        program = program_of(script)
        steps = program.steps.values()
        verbs = {step.verb for step in steps}
        types = {step.type.base for step in steps if step.verb == "ask"}
        assert set(script["covers"]) <= verbs | types, path.stem
