"""A path's placeholders take exactly one segment each, whatever was typed."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.address import Unaddressable, fill, query


def test_what_the_path_takes_is_left_out_of_the_rest() -> None:
    assert fill("/a/{x}/b", {"x": "1", "y": "2"}) == ("/a/1/b", {"y": "2"})
    assert fill("/a", {"y": "2"}) == ("/a", {"y": "2"})
    assert fill("/a?only={x}", {"x": "é&"}) == ("/a?only=%C3%A9%26", {})


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty-segment"),
        (".", "empty-segment"),
        ("..", "empty-segment"),
        (None, "missing-argument"),
        ({"numero": "1"}, "not-a-plain-value"),
        ("\ud800", "not-unicode"),
    ],
)
def test_what_cannot_be_a_segment(typed: str, reason: str) -> None:
    with pytest.raises(Unaddressable) as wrong:
        fill("/demandes/{numero}", {"numero": typed})
    assert wrong.value.reason == reason


def test_a_query_leaves_out_what_is_unset() -> None:
    assert query("/a", {"x": None}) == "/a"
    assert query("/a", {"x": 1, "y": True, "z": "é b"}) == "/a?x=1&y=true&z=%C3%A9+b"
    assert query("/a?x=1", {"y": 2}) == "/a?x=1&y=2"
    with pytest.raises(Unaddressable, match="not-unicode"):
        query("/a", {"x": "\udfff"})


TYPED = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(TYPED)
def test_whatever_is_typed_stays_in_its_segment_on_the_wire(typed: str) -> None:
    """Through the HTTP library too, which resolves dots and may encode again."""
    try:
        path, _ = fill("/v1/demandes/{x}/etat", {"x": typed})
    except Unaddressable:
        assert typed in (".", "..")
        return
    wire = httpx2.URL("https://api.anip.bj" + path).raw_path.decode()
    segments = wire.split("/")
    assert segments[:3] == ["", "v1", "demandes"]
    assert segments[4:] == ["etat"]
    assert unquote(segments[3]) == typed


@given(st.dictionaries(TYPED, TYPED, max_size=4))
def test_a_query_says_what_it_was_given(arguments: dict[str, str]) -> None:
    parts = urlsplit(query("/a", arguments))
    assert parts.path == "/a"
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == arguments
