"""YAML with places, the same with libyaml and without."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.menu import source
from gateway.menu.findings import Findings
from gateway.menu.source import Map, Scalar, Seq, parse

CASES = Path(__file__).parent / "cases"


def read(text: str) -> Map:
    findings = Findings()
    node = parse("essai.yaml", text, findings)
    assert findings.in_order() == ()
    assert isinstance(node, Map)
    return node


def scalar(text: str, key: str = "a") -> Scalar:
    node = read(text).get(key)
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    "value", ["no", "0123", "18:30", "+2290197000000", "1.10", "null", "~", "on", "0x1f", "1_000"]
)
def test_every_scalar_is_what_it_looks_like(value: str) -> None:
    """YAML would make numbers, booleans and times of these."""
    assert scalar(f"a: {value}\n").text == value


def test_places_count_from_one() -> None:
    """Line and column, of keys and values, in block and flow style."""
    node = read("titre: Été\nliste:\n  - un\n  - { deux: 2 }\n")
    assert [str(key.place) for key, _ in node.entries] == ["essai.yaml:1:1", "essai.yaml:2:1"]
    items = node.get("liste")
    assert isinstance(items, Seq)
    assert [str(item.place) for item in items.items] == ["essai.yaml:3:5", "essai.yaml:4:5"]
    inner = items.items[1]
    assert isinstance(inner, Map)
    assert str(inner.entries[0][1].place) == "essai.yaml:4:13"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: Été {nom} oui\n", "1:9"),
        ('a: "Été {nom}"\n', "1:10"),
        ("a: 'l''été {nom}'\n", "1:13"),
        ('a: "\\u00e9t\\u00e9 {nom}"\n', "1:20"),
        ("a: |\n  Bonjour\n  à {nom}\n", "3:6"),
        ("a: >-\n  Bonjour\n  à {nom}\n", "3:6"),
        ("a: Bonjour\n  à {nom}\n", "2:6"),
        ('a: "Bonjour\n  à {nom}"\n', "2:6"),
        ("\ufeffa: {{ {nom}\n".replace("{{", "b"), "1:7"),
    ],
)
def test_a_place_inside_a_scalar(text: str, place: str) -> None:
    """A brace is found in the raw text, whatever quotes, escapes or folds stand before it."""
    node = scalar(text)
    line, column = place.split(":")
    brace = node.at(node.text.index("{"))
    assert (brace.line, brace.column + 1) == (int(line), int(column))


def test_line_ends_of_other_systems() -> None:
    """CR LF and CR count as one line end, as editors show them."""
    assert scalar("x: 1\r\na: deux\r\n").place.line == 2
    assert scalar("x: 1\ra: deux\r").place.line == 2


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a: un # deux\n", 7),
        ("a: un #2\n", 7),
        ("a: un  #2\n", 8),
        ("a: un  # a comment\n", None),
        ("a: un  #\n", None),
        ("a: un\n# a comment\n", None),
        ("a: un#2\n", None),
        ('a: "un" # deux\n', None),
        ("a: #un\n", 4),
    ],
)
def test_what_a_hash_cuts(text: str, column: int | None) -> None:
    """Two spaces before and one after make a comment; anything else may have been text."""
    cut = scalar(text).cut()
    assert (cut.column if cut else None) == column


@pytest.mark.parametrize("path", sorted(CASES.glob("yaml-*.yaml")), ids=lambda path: path.stem)
def test_traps_are_the_same_without_libyaml(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libyaml is missing, PyYAML's own parser words its errors in another way."""
    for case in yaml.safe_load(path.read_text(encoding="utf-8")):
        for name, text in case["files"].items():
            found = []
            for loader in (yaml.CSafeLoader, yaml.SafeLoader):
                monkeypatch.setattr(source, "_loader", loader)
                findings = Findings()
                parse(name, text, findings)
                found.append([(finding.place, finding.code) for finding in findings.in_order()])
            assert found[0] == found[1]


def test_faults_below_a_trap_are_found_too() -> None:
    """A line is mended in memory, so that one mistake doesn't hide the next."""
    findings = Findings()
    text = "".join(f"k{number}: Quel acte : {number}\n" for number in range(50))
    node = parse("essai.yaml", text, findings)
    assert [finding.place.line for finding in findings.in_order()] == list(range(1, 51))
    assert isinstance(node, Map)
    assert len(node.entries) == 50


@given(st.text(alphabet=" \n:-#{}[]\"'*&!|>@%`,?ab\t\\é", max_size=60))
def test_any_text_is_parsed_or_found_faulty(text: str) -> None:
    """Whatever is in a file, reading gives nodes or findings within the file, and no traceback."""
    findings = Findings()
    node = parse("essai.yaml", text, findings)
    lines = text.count("\n") + 1
    for finding in findings.in_order():
        assert 1 <= finding.place.line <= lines + 1
        assert finding.place.column >= 1
    assert node is None or isinstance(node, Scalar | Map | Seq)
