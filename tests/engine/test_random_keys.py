"""Whatever is typed: never a crash, never a page over its budget, always a way on or an end.

And no secret anywhere but in the call that takes it. Played on the menus that ship with the
project and on those of the transcripts, in every language, on phones of three kinds, by USSD, by
SMS, and on both in turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.channels.sms import BUDGETS, encoding
from gateway.engine import Session, Turned
from gateway.events import CallRequest, Channel, Encoding, Outcome
from gateway.menu.program import Ask, FieldType, Kind, Operation, Operator, Program
from gateway.text.gsm7 import encodable, units
from tests.engine.citizen import Citizen, build, load_folder, personal

ROOT = Path(__file__).parents[2]
PHONES = (
    Operator("1", "Fine", Encoding.GSM7, 160),
    Operator("2", "Small", Encoding.GSM7, 60),
    Operator("3", "Wide", Encoding.UCS2, 70),
)
TYPED = (
    *"0123456789",
    *("00", "98", "99", "10", "11", "12", "", " ", "*", "#", "retour", "SUITE", "Accueil"),
    *("passer", "back", "oui", "non", "1234567890", "104512", "15/03/1990", "31/02/1990"),
    *("0197000000", "12 500", "Adjoa", "EC-1042", "cotonou", "abomey", "\x00", "\ud83d", "é" * 300),
    *("🎉", "ɖɛɔ", "{nom}", "%s", "a" * 10_000, "\u202e", "-1", "٣", "1*2"),
)
TEXTED = ("ACTE", "Naissance svp!", "1 2 1234567890", "acte 1 1", "menu", "1, 2", "Bonjour", "1!")
WORST = ("W" * 300, "ŋ̃ɔ̀ɛ́ " * 20, "x\x00\r\ny", "🎉", "", "12€{}[]", "\u202f")


@cache
def programs() -> Mapping[str, Program]:
    found = {"shipped": load_folder(ROOT / "menus", ROOT / "locales")}
    for path in sorted((Path(__file__).parent / "transcripts").glob("*.yaml")):
        script = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "folder" not in script:
            found[path.stem] = build(script["menus"])
    return {
        name: replace(
            program,
            site=replace(program.site, operators={phone.network: phone for phone in PHONES}),
        )
        for name, program in found.items()
    }


@dataclass
class Clumsy(Citizen):
    """Types anything; her back ends answer anything that their contract allows, and worse."""

    chance: Random = field(default_factory=Random)
    texts: float = 0.0  # the share of what she does by SMS
    secrets_typed: set[str] = field(default_factory=set)

    def answer_of(self, request: CallRequest) -> object:
        outcome = self.chance.choice((Outcome.OK, Outcome.OK, *Outcome))
        if outcome is not Outcome.OK:
            return outcome.value
        backend, _, name = request.operation.partition(".")
        operation = self.program.site.backends[backend].operations[name]
        if operation.many:
            return [self._record(operation) for _ in range(self.chance.choice((0, 1, 3, 40)))]
        return self._record(operation)

    def _record(self, operation: Operation) -> dict[str, object]:
        return {name: self._value(type_) for name, type_ in operation.gives.items()}

    def _value(self, type_: FieldType) -> object:
        match type_.kind:
            case Kind.ONE_OF:
                return self.chance.choice(type_.values)
            case Kind.NUMBER | Kind.MONEY:
                return self.chance.choice((0, 1, -5, 10**12))
            case Kind.DATE:
                return self.chance.choice(("2026-03-01", "0001-01-01", "soon"))
            case Kind.YES_NO:
                return self.chance.random() < 0.5
        return self.chance.choice((*WORST, "EC-1042"))

    def step(self) -> None:
        if self.chance.random() < self.texts:
            self.now += self.chance.choice((1, 1, 100, 10_000, 100_000))
            self.text(self.chance.choice((*TYPED, *TEXTED)))
            return
        if self.turned is not None and self.session.shown is Channel.SMS:
            self.turned = None
        if self.turned is None or self.turned.ends or self.chance.random() < 0.05:
            self.now += self.chance.choice((1, 100, 10_000))
            code = self.chance.choice(list(self.program.site.codes))
            suffix = self.chance.choice(("", "", "", "*1", "*1*2*1", "*2*0*1*1*1"))
            self.dial(f"{code.rstrip('#')}{suffix}#")
            return
        asked = self.program.steps.get(self.turned.trace.step or "")
        typed = self.chance.choice(TYPED)
        if isinstance(asked, Ask) and asked.type.base == "pin":
            if typed.replace(" ", "").isdigit():  # a secret that is nothing else's answer too
                least, most = asked.type.length or (4, 4)
                typed = "".join(self.chance.choices("56789", k=max(least, min(6, most))))
                self.secrets_typed.add(typed)
        elif isinstance(asked, Ask) and self.chance.random() < 0.5 and asked.type.example:
            typed = asked.type.example
        self.type(typed)


def hold(citizen: Clumsy, turned: Turned, session: Session) -> None:
    """What must be true of every turn."""
    bearer_ = next(phone for phone in PHONES if phone.network == citizen.network)
    letters, budget = bearer_.encoding, bearer_.budget
    if session.shown is Channel.SMS:
        letters = next(one for one, most in BUDGETS.items() if most == turned.trace.budget)
        budget = BUDGETS[letters]
        assert not turned.secrets
        assert units(turned.page, encoding(turned.page)) <= BUDGETS[encoding(turned.page)]
    assert turned.page.strip()
    assert units(turned.page, letters) == turned.trace.units <= budget
    assert letters is Encoding.UCS2 or encodable(turned.page)
    if not turned.ends and turned.trace.verb == "end":
        assert turned.trace.page + 1 < turned.trace.pages
    assert len(session.history) <= 30
    assert len(citizen.stored or b"") < 100_000
    for secret in citizen.secrets_typed:
        assert secret not in turned.page
        assert secret not in personal(session)
        assert secret not in repr(turned.effects)


def play(
    program: str, language: str | None, network: str, seed: int, steps: int, texts: float = 0.0
) -> Any:
    citizen = Clumsy(
        programs()[program],
        network=network,
        language=language,
        chance=Random(seed),  # noqa: S311
        texts=texts,
    )
    for _ in range(steps):
        citizen.step()
        assert citizen.turned is not None
        hold(citizen, citizen.turned, citizen.session)
    return citizen


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    program=st.sampled_from(sorted(programs())),
    nth=st.integers(0, 8),
    network=st.sampled_from([phone.network for phone in PHONES]),
    seed=st.integers(0, 2**32),
    texts=st.sampled_from([0.0, 0.3, 0.9]),
)
@example(program="shipped", nth=0, network="3", seed=1, texts=0.0)
@example(program="shipped", nth=8, network="3", seed=1, texts=0.9)
def test_random_keys(program: str, nth: int, network: str, seed: int, texts: float) -> None:
    offered = programs()[program].site.offered
    language = None if nth == 8 else offered[nth % len(offered)]
    citizen = play(program, language, network, seed, 40, texts)
    assert citizen.dialling > 0


def test_every_shipped_menu_in_every_language() -> None:
    """Each language of the shipped menus gets its own long walk, on each kind of phone."""
    shipped = programs()["shipped"]
    walks = [
        play("shipped", language, phone.network, seed, 250, texts)
        for seed, language in enumerate(shipped.site.offered)
        for phone in PHONES
        for texts in (0.0, 0.5)
    ]
    reached = {citizen.session.service for citizen in walks}
    assert len(walks) == len(shipped.site.offered) * 3 * 2
    assert reached
