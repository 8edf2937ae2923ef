from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SealBroken, SettingsError
from gateway.store.seal import OVERHEAD, Seal, new_key, read_key, read_keys

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_what_is_sealed_opens_again(plain: bytes, aad: bytes) -> None:
    seal = Seal([NEW])
    sealed = seal.seal(plain, aad)
    assert len(sealed) == len(plain) + OVERHEAD
    assert seal.open(sealed, aad) == plain


@given(st.data())
def test_no_bit_can_be_changed(data: st.DataObject) -> None:
    seal = Seal([NEW])
    sealed = bytearray(seal.seal(b"a session", b"its name"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        seal.open(bytes(sealed), b"its name")


@pytest.mark.parametrize("length", [0, 3, 4, 15, 16, 31])
def test_a_stump_is_broken(length: int) -> None:
    seal = Seal([NEW])
    with pytest.raises(SealBroken):
        seal.open(seal.seal(b"", b"")[:length], b"")


def test_a_value_does_not_open_under_another_name() -> None:
    seal = Seal([NEW])
    with pytest.raises(SealBroken, match="belongs elsewhere"):
        seal.open(seal.seal(b"hers", b"{07}:s:hers"), b"{07}:s:his")


def test_a_key_is_rotated_by_putting_a_new_one_in_front() -> None:
    """Both open while both are held; the newest seals; a key taken away opens nothing."""
    before, both, after = Seal([OLD]), Seal([NEW, OLD]), Seal([NEW])
    assert both.open(before.seal(b"v", b""), b"") == b"v"
    assert after.open(both.seal(b"v", b""), b"") == b"v"
    with pytest.raises(SealBroken, match="does not hold"):
        after.open(before.seal(b"v", b""), b"")


def test_pins_need_the_material_besides_the_keys() -> None:
    seal = Seal([NEW, OLD])
    sealed = seal.under(b"ATUid_1").seal(b"4321", b"name")
    assert seal.under(b"ATUid_1").open(sealed, b"name") == b"4321"
    for other in (seal.under(b"ATUid_2"), seal.under(b""), seal, Seal([OTHER]).under(b"ATUid_1")):
        with pytest.raises(SealBroken):
            other.open(sealed, b"name")


def test_pins_outlive_a_rotation_too() -> None:
    sealed = Seal([OLD]).under(b"ATUid_1").seal(b"4321", b"")
    assert Seal([NEW, OLD]).under(b"ATUid_1").open(sealed, b"") == b"4321"


def test_the_same_value_never_looks_the_same() -> None:
    seal = Seal([NEW])
    assert len({seal.seal(b"same", b"") for _ in range(100)}) == 100


def test_new_keys_are_read_back() -> None:
    written = new_key()
    key = read_key(written, "GATEWAY_NAME_KEY")
    assert len(key) == 32
    assert read_key(f"  {key.hex()}\n", "X") == key
    assert read_keys(f"{written},\n{OLD.hex()},", "X") == (key, OLD)
    assert read_keys(" \n", "X") == ()


@pytest.mark.parametrize("wrong", ["", "hunter2", "é" * 32, "z" * 64, "A" * 44, "=" * 10])
def test_a_wrong_key_is_named_and_not_repeated(wrong: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_SECRET_KEYS") as caught:
        read_key(wrong, "GATEWAY_SECRET_KEYS")
    assert not wrong or wrong not in str(caught.value)


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b"short"]])
def test_a_seal_needs_whole_keys(keys: list[bytes]) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_SECRET_KEYS"):
        Seal(keys)
