"""Parts are what a network bills, and none begins inside what a reader takes for a character."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.events import Encoding
from gateway.text.gsm7 import ALPHABET, units
from gateway.text.segments import Segmentation, clusters, segment
from tests.text.data import facts, text

ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}

anything = st.text(st.characters(codec="utf-8"), max_size=400)
awkward = st.text(st.sampled_from("aɔ\u0301\u0303€[\r\n😀🏳\ufe0f\u200d🌈🇧🇯👍🏽é"), max_size=400)
gsm = st.text(st.sampled_from(sorted(ALPHABET)), max_size=500)


@pytest.mark.parametrize(("runs", "encoding", "length", "parts"), facts("segments")["cases"])
def test_parts_are_counted_as_the_strictest_splitters_count(
    runs: list[str | tuple[str, int]], encoding: str, length: int, parts: int
) -> None:
    """Cases on which splitters by unit, by code point and by grapheme differ are among them."""
    found = segment(text(runs))
    assert (found.encoding, found.units, len(found.parts)) == (encoding, length, parts)
    assert "".join(found.parts) == text(runs)


@settings(deadline=None)
@given(st.one_of(anything, awkward, gsm), st.sampled_from([None, Encoding.UCS2]))
def test_parts_join_to_the_text_and_each_fits(content: str, encoding: Encoding | None) -> None:
    """Whatever the text, nothing is lost and no part is too long."""
    found = segment(content, encoding)
    assert "".join(found.parts) == content
    assert all(found.parts)
    assert found.units == sum(units(part, found.encoding) for part in found.parts)
    single, concatenated = ROOM[found.encoding]
    room = single if len(found.parts) <= 1 else concatenated
    assert all(units(part, found.encoding) <= room for part in found.parts)


@settings(deadline=None)
@given(awkward)
def test_no_part_begins_inside_a_cluster(content: str) -> None:
    """The parts of a text, cut into clusters, are the clusters of the text."""
    parts = segment(content, Encoding.UCS2).parts
    if all(units(cluster, Encoding.UCS2) <= 67 for cluster in clusters(content)):
        assert [c for part in parts for c in clusters(part)] == clusters(content)


def test_a_heap_of_marks_longer_than_a_part_is_cut_between_code_points() -> None:
    """Rather a stray mark than a part that no network carries."""
    heap = "ɔ" + "\u0301" * 150
    found = segment(heap)
    assert [len(part) for part in found.parts] == [67, 67, 17]


def test_a_chosen_encoding_is_kept_to() -> None:
    """A plain text can go as UCS-2, a Fon one cannot go as GSM-7."""
    assert segment("Bonjour", Encoding.UCS2) == Segmentation(Encoding.UCS2, 7, ("Bonjour",))
    with pytest.raises(ValueError, match="GSM-7"):
        segment("Kú ɖò gbè", Encoding.GSM7)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Oui", ["O", "u", "i"]),
        ("a\r\nb", ["a", "\r\n", "b"]),
        ("\n\u0301", ["\n", "\u0301"]),
        ("tɔ́n", ["t", "ɔ́", "n"]),
        ("ẹ́ẹ̀", ["ẹ́", "ẹ̀"]),
        ("🏳️‍🌈!", ["🏳️‍🌈", "!"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("🇧🇯🇹🇬", ["🇧🇯", "🇹🇬"]),
        ("1️⃣2", ["1️⃣", "2"]),
        ("a\u200db", ["a\u200d", "b"]),
    ],
)
def test_clusters_are_what_a_reader_takes_for_characters(content: str, expected: list[str]) -> None:
    """Marks, joined emoji, skin tones, flags and CR LF stay together."""
    assert clusters(content) == expected


@settings(deadline=None)
@given(anything)
def test_clusters_join_to_the_text_and_begin_with_no_mark(content: str) -> None:
    """But for a mark that has nothing to stand on."""
    found = clusters(content)
    assert "".join(found) == content
    for before, cluster in pairwise(found):
        loose = unicodedata.category(before[-1]) == "Cc"
        assert loose or not unicodedata.category(cluster[0]).startswith("M")
