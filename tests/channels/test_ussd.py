from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.ussd import Dialled, Heard, bearer, dialled
from gateway.events import Bearer, Channel, Encoding
from gateway.menu.program import Operator, Program
from tests.engine.citizen import SITE, build

SERVICE = "title: Essai\nflow: { start: [{ end: Au revoir. }] }\n"


@pytest.fixture(scope="module")
def program() -> Program:
    site = SITE + '  "*229*1#": un\n  "*229*1*2#": deux\n  "*384*5#": un\n'
    built = build(
        {"site.yaml": site, "essai.yaml": SERVICE, "un.yaml": SERVICE, "deux.yaml": SERVICE}
    )
    operators = {
        "61602": Operator("61602", "Moov", Encoding.GSM7, 140),
        "61603": Operator("61603", "MTN", Encoding.GSM7, 400),
        "61607": Operator("61607", "Celtiis", Encoding.UCS2, 70),
        "61601": Operator("61601", "Sbin", Encoding.UCS2, 160),
    }
    return replace(built, site=replace(built.site, operators=operators))


@pytest.mark.parametrize(
    ("network", "encoding", "budget", "name"),
    [
        ("61602", Encoding.GSM7, 140, "Moov"),
        ("61607", Encoding.UCS2, 70, "Celtiis"),
        ("61603", Encoding.GSM7, 182, "MTN"),
        ("61601", Encoding.UCS2, 80, "Sbin"),
        ("99999", Encoding.GSM7, 160, ""),
        (None, Encoding.GSM7, 160, ""),
    ],
)
def test_what_carries_a_page(
    program: Program, network: str | None, encoding: Encoding, budget: int, name: str
) -> None:
    """The operator's word counts, up to what a USSD string can hold; else the site's."""
    assert bearer(program, network) == Bearer(Channel.USSD, encoding, budget, name)


@pytest.mark.parametrize(
    ("service_code", "text", "code", "suffix"),
    [
        ("*229#", "", "*229#", ()),
        ("*229*1#", "", "*229*1#", ()),
        ("*229#", "1", "*229*1#", ()),
        ("*229#", "1*2", "*229*1*2#", ()),
        ("*229*1*2*3*4#", "", "*229*1*2#", ("3", "4")),
        ("*229*1#", "2*5", "*229*1*2#", ("5",)),
        ("*229#", "12", "*229#", ("12",)),
        ("*229*3#", "1", "*229#", ("3", "1")),
        ("229", "", "*229#", ()),
        (" *229*1# ", "", "*229*1#", ()),
        ("*229#", "1**3", "*229*1#", ("", "3")),
        ("*229#", "9*8#", "*229#", ("9", "8")),
        ("*384*5#", "Adjoa d'Ô", "*384*5#", ("Adjoa d'Ô",)),
    ],
)
def test_the_longest_code_on_whole_segments_wins(
    program: Program, service_code: str, text: str, code: str, suffix: tuple[str, ...]
) -> None:
    assert dialled(program, service_code, text) == Dialled(code, suffix)


@pytest.mark.parametrize("service_code", ["*22#", "*2291#", "", "#", "*384#", "*000*229#"])
def test_a_code_that_is_not_the_sites(program: Program, service_code: str) -> None:
    assert dialled(program, service_code) is None


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


@pytest.mark.parametrize(
    ("before", "now", "typed"),
    [
        ("", "1", "1"),
        ("1", "1*2", "2"),
        ("1", "1*1", "1"),
        ("1*2", "1*2*", ""),
        ("7*a*b", "7*a*b*****", "****"),
        ("1", "1*0*Rue 3*4", "0*Rue 3*4"),
        ("", "*3", "*3"),
        ("é", "é*ɔ", "ɔ"),
    ],
)
def test_new_input_follows_what_was_heard(before: str, now: str, typed: str) -> None:
    """A typed `*` is an input: nothing is split at it."""
    assert Heard.of(before, digest).next(now, digest) == typed


@pytest.mark.parametrize(
    ("before", "now"),
    [("1", "1"), ("", ""), ("1*2", "1"), ("1*2", ""), ("1*2", "1*3*4"), ("1", "12"), ("12", "13")],
)
def test_a_repeat_a_late_one_or_another_history_brings_nothing(before: str, now: str) -> None:
    assert Heard.of(before, digest).next(now, digest) is None


@given(st.lists(st.text("0123456789*ab", min_size=1, max_size=6), min_size=1, max_size=8))
def test_a_session_of_any_inputs_is_heard_as_it_was_typed(inputs: list[str]) -> None:
    transcript, heard = "", Heard.of("", digest)
    for typed in inputs:
        transcript = f"{transcript}*{typed}" if transcript else typed
        assert heard.next(transcript, digest) == typed
        heard = Heard.of(transcript, digest)
        assert heard.next(transcript, digest) is None


def test_a_hundred_thousand_stars_are_read_at_once(program: Program) -> None:
    """One request must not keep all others waiting: looking codes up is linear in its length."""
    found = dialled(program, "*229#", "*" * 200_000)
    assert found is not None
    assert found.code == "*229#"
    assert len(found.suffix) == 200_001
