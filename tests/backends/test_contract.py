"""An answer is held against what the site declares, field by field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.backends.contract import DEPTH, Broken, read
from gateway.menu.program import FieldType, Kind
from tests.backends.conftest import operation

STATES = FieldType(Kind.ONE_OF, values=("reçue", "prête"))


def told(kind: FieldType | Kind, value: Any) -> Any:
    """What a field of `kind` gives for a back end's `value`."""
    field = FieldType(kind) if isinstance(kind, Kind) else kind
    body = msgspec.json.encode({"x": value})
    data: Any = read(operation(gives={"x": field}), body).data
    return data["x"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.TEXT, ""),
        (Kind.TEXT, "Cotonou, quartier « Ganhi »"),
        (Kind.NUMBER, 0),
        (Kind.NUMBER, -3),
        (Kind.NUMBER, 2.5),
        (Kind.MONEY, 1500),
        (Kind.YES_NO, False),
        (Kind.DATE, "2026-03-18"),
        (Kind.DATE, "2026-03-18T09:00:00+01:00"),
        (Kind.DATE, "2026-03-18T09:00:00Z"),
        (STATES, "prête"),
    ],
)
def test_a_value_keeps_its_json_type(kind: FieldType | Kind, value: Any) -> None:
    kept = told(kind, value)
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.TEXT, 1),
        (Kind.TEXT, None),
        (Kind.TEXT, ["a"]),
        (Kind.NUMBER, "1"),
        (Kind.NUMBER, True),
        (Kind.NUMBER, 2**70),
        (Kind.MONEY, "1500"),
        (Kind.MONEY, None),
        (Kind.YES_NO, 1),
        (Kind.YES_NO, "oui"),
        (Kind.DATE, "18/03/2026"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATE, "2026-03-18T25:00:00"),
        (Kind.DATE, 1773824400),
        (STATES, "perdue"),
        (STATES, "Prête"),
    ],
)
def test_another_kind_of_value_breaks_the_contract(kind: FieldType | Kind, value: Any) -> None:
    with pytest.raises(Broken) as broken:
        told(kind, value)
    assert broken.value.reason == "kind:x"


def test_a_missing_field_breaks_it_and_an_unknown_one_is_left_behind() -> None:
    target = operation(gives={"a": FieldType(Kind.TEXT), "b": FieldType(Kind.TEXT)})
    with pytest.raises(Broken, match="missing:b"):
        read(target, b'{"a": "1"}')
    assert read(target, b'{"a": "1", "b": "2", "pin": "4826"}').data == {"a": "1", "b": "2"}


def test_longer_values_are_kept_whole_and_counted() -> None:
    target = operation(gives={"mairie": FieldType(Kind.TEXT, most=5)}, many=True)
    given_ = read(target, b'[{"mairie": "Cotonou"}, {"mairie": "Kandi"}, {"mairie": "Parakou"}]')
    assert given_.longer == 2
    assert given_.data == [{"mairie": "Cotonou"}, {"mairie": "Kandi"}, {"mairie": "Parakou"}]


def test_an_empty_list_is_an_answer() -> None:
    assert read(operation(many=True), b"[]").data == []


@pytest.mark.parametrize("body", [b"{}", b"null", b"3", b'[{"numero": "EC-1"}, 3]', b"[[]]"])
def test_a_list_of_anything_but_records_breaks_it(body: bytes) -> None:
    with pytest.raises(Broken):
        read(operation(many=True), body)


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b"[1, 2]", b'"ok"'])
def test_an_operation_that_declares_nothing_gives_an_empty_record(body: bytes) -> None:
    assert read(operation(gives={}), body).data == {}


def test_depth_ends_at_its_limit() -> None:
    def nested(depth: int) -> bytes:
        return b'{"numero": "EC-1", "x": ' + b"[" * depth + b"]" * depth + b"}"

    assert read(operation(), nested(DEPTH - 2)).data == {"numero": "EC-1"}
    with pytest.raises(Broken, match="too-deep"):
        read(operation(), nested(DEPTH))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_break_the_contract(body: bytes) -> None:
    try:
        data = read(operation(), body).data
    except Broken:
        return
    assert isinstance(data, dict)
    assert set(data) == {"numero"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from([*Kind]), st.booleans())
def test_any_json_gives_the_declared_fields_or_breaks(value: Any, kind: Kind, many: bool) -> None:
    """Whatever passes can be kept in a session: flat values of the declared kind."""
    target = operation(gives={"x": FieldType(kind, values=("a",))}, many=many)
    for answer in (value, {"x": value}, [{"x": value}]):
        try:
            data = read(target, msgspec.json.encode(answer)).data
        except (Broken, UnicodeEncodeError):
            continue
        records = data if many else [data]
        assert isinstance(records, list)
        for record in records:
            assert isinstance(record, dict)
            assert isinstance(record["x"], str | int | float | bool)
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(record)) == record
