from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.store.keys import LASTING, Citizen, Names

NAMES = Names(b"n" * 32)
PHONE = "+2290197000001"


def all_names(names: Names, citizen: Citizen) -> list[str]:
    return [
        names.session(citizen),
        names.pins(citizen),
        names.language(citizen),
        names.effect(citizen.shard, names.digest("effect")),
        names.stream(citizen.shard),
        names.fence(citizen.shard),
    ]


def test_all_names_of_a_citizen_carry_her_shard_as_hash_tag() -> None:
    citizen = NAMES.citizen(PHONE)
    tags = {name[: name.index("}") + 1] for name in all_names(NAMES, citizen)}
    assert tags == {f"{{{citizen.shard:02}}}"}


def test_no_name_holds_the_number() -> None:
    citizen = NAMES.citizen(PHONE)
    assert not any("97000001" in name for name in all_names(NAMES, citizen))


def test_a_citizen_is_the_same_one_in_every_process_with_the_key() -> None:
    assert Names(b"n" * 32).citizen(PHONE) == NAMES.citizen(PHONE)
    assert Names(b"m" * 32).citizen(PHONE) != NAMES.citizen(PHONE)


def test_citizens_spread_over_all_shards() -> None:
    shards = {NAMES.citizen(f"+22901970{number:05}").shard for number in range(400)}
    assert shards == set(range(16))


@given(st.lists(st.one_of(st.text(), st.binary()), max_size=4), st.data())
def test_digests_tell_where_the_parts_are_cut(
    parts: list[str | bytes], data: st.DataObject
) -> None:
    """Gluing two neighbours together is another list of parts, and so another digest."""
    assert len(NAMES.digest(*parts)) == 16
    if len(parts) > 1:
        at = data.draw(st.integers(0, len(parts) - 2))
        first, second = (p.encode() if isinstance(p, str) else p for p in parts[at : at + 2])
        glued = [*parts[:at], first + second, *parts[at + 2 :]]
        assert NAMES.digest(*glued) != NAMES.digest(*parts)


def test_the_fingerprint_tells_key_and_shards_but_not_the_key() -> None:
    key = b"k" * 32
    prints = {Names(key).fingerprint(), Names(key, 8).fingerprint(), NAMES.fingerprint()}
    assert len(prints) == 3
    assert not any(key.hex() in made for made in prints)


def test_bindings_need_no_citizen() -> None:
    session = NAMES.digest("ATUid_1")
    assert NAMES.binding(session).startswith(f"{{{NAMES.shard(session):02}}}:b:")


@pytest.mark.parametrize(
    "lasting", [NAMES.stream(7), NAMES.name_key(), Names(b"n" * 32, 1024).stream(900)]
)
def test_what_may_last_is_listed_with_its_reason(lasting: str) -> None:
    reasons = [reason for may, reason in LASTING if may.fullmatch(lasting.encode())]
    assert len(reasons) == 1
    assert len(reasons[0]) > 20


def test_nothing_of_a_citizen_may_last() -> None:
    citizen = NAMES.citizen(PHONE)
    hers = [*all_names(NAMES, citizen), NAMES.binding(NAMES.digest("s"))]
    hers.remove(NAMES.stream(citizen.shard))
    assert not [n for n in hers if any(may.fullmatch(n.encode()) for may, _ in LASTING)]


@pytest.mark.parametrize(("key", "shards"), [(b"short", 16), (b"n" * 32, 0), (b"n" * 32, 1025)])
def test_a_wrong_key_or_number_of_shards_is_named(key: bytes, shards: int) -> None:
    with pytest.raises(SettingsError, match=r"GATEWAY_NAME_KEY|shards"):
        Names(key, shards)
