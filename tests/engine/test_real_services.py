"""Two public-health services that exist, said in the menu language and held to what they drew.

What was recorded, where it comes from and what differs on purpose stands in `data/*/recorded.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.events import CallRequest, Effect
from tests.engine.citizen import Citizen, load_folder

DATA = Path(__file__).parent / "data"
KEYS = re.compile(r"^(?:98|00|0)\. .*$\n?", re.MULTILINE)
OPTION = re.compile(r"^[0-9]+\. (.*)$", re.MULTILINE)
PAGINATORS = {"More": "98", "Back": "0"}


def recorded(service: str) -> list[dict[str, Any]]:
    dialogues: list[dict[str, Any]] = yaml.safe_load(
        (DATA / service / "recorded.yaml").read_text(encoding="utf-8")
    )
    return dialogues


def cases() -> Iterator[Any]:
    for service in ("clinic-service-rating", "malaria-case-report"):
        for dialogue in recorded(service):
            yield pytest.param(service, dialogue, id=f"{service}: {dialogue['dialogue']}"[:90])


class Registry(Citizen):
    """Answers as the stubs of the recordings did."""

    def answer_of(self, request: CallRequest) -> object:
        given: Mapping[str, Any] = request.arguments
        match request.operation:
            case "registry.facility":
                known = given["answer"] == "111111"
                return {"facility_name": "A Facility"} if known else "not_found"
            case "registry.localities":
                return [{"name": f"Locality {number}"} for number in (1, 2, 3)]
            case "registry.identity":
                return {} if len(given["identity"]) == 13 else "invalid"
            case "registry.birthday":
                try:
                    date(int(given["year"]), int(given["month"]), given["day"])
                except ValueError:
                    return "invalid"
                return {}
        return super().answer_of(request)


def whole(citizen: Citizen) -> str:
    """The open screen over all its pages, without the lines of the keys."""
    assert citizen.turned is not None
    later = range(citizen.turned.trace.pages - 1)
    pages = [citizen.page, *(citizen.type("98") for _ in later)]
    return "\n".join(KEYS.sub("", page).rstrip("\n") for page in pages)


def sent(effect: Effect) -> str:
    """A message without its sender, whom the service that was recorded didn't name."""
    sender, _, text = str(effect.body["text"]).partition(": ")
    assert sender == "Department of Health"
    return text


def played(typed: str, before: Mapping[str, Any]) -> str:
    """An input of the recording as it is typed here."""
    if before.get("paged"):
        options = OPTION.findall(before["shows"])
        if typed.isdigit() and 1 <= int(typed) <= len(options):
            label: str = options[int(typed) - 1]
            return PAGINATORS.get(label, label)
    return "88" if typed == "0" else typed


@pytest.mark.parametrize(("service", "dialogue"), list(cases()))
def test_a_real_service_draws_what_it_drew(service: str, dialogue: dict[str, Any]) -> None:
    folder = DATA / service
    citizen = Registry(load_folder(folder / "menus", folder / "locales"), language="en")
    (code,) = citizen.program.site.codes
    citizen.answers = {
        "clinic.mother": dialogue.get("mother"),
        "clinic.rate": {},
        "registry.submit": "unavailable",
    }
    before: Mapping[str, Any] = {}
    for step in dialogue["steps"]:
        if "dial" in step:
            citizen.dial(code)
        else:
            typed = played(step["type"], before)
            wrong = "error" in before.get("shows", "") or "invalid" in before.get("shows", "")
            if typed == "0" and wrong:
                before = {**step, "shows": step["shows"]}
                continue
            citizen.type(typed)
        assert citizen.turned is not None
        effects = citizen.turned.effects
        assert [sent(effect) for effect in effects] == step.get("sms", [])
        assert citizen.turned.ends is step.get("ends", False)
        if citizen.turned.ends:
            citizen.answers["clinic.mother"] = dialogue.get("after")
        shown = whole(citizen)
        if step.get("paged"):
            text, _, _ = step["shows"].partition("\n")
            options = set(OPTION.findall(step["shows"])) - set(PAGINATORS)
            assert options <= set(OPTION.findall(shown))
            if typed not in PAGINATORS.values():
                assert shown.startswith(text + "\n")
        else:
            assert shown == step["shows"]
        before = step
