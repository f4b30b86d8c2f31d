"""What a sealed object tells, and to whom."""

from __future__ import annotations

import hashlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from odooops_dagster.errors import BadInput, Conflict
from odooops_dagster.tools.backup.encryption import LARGEST, Sealer

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


@given(st.binary(max_size=2000), st.one_of(st.none(), st.binary(max_size=2000)), st.sampled_from([None, KEY]))
def test_what_was_sealed_comes_back(plain: bytes, base: bytes | None, key: bytes | None) -> None:
    """With and without a key, whole and as what differs from a base."""
    sealer = Sealer(key)
    sealed = sealer.seal(plain, label="a", base=base or None)
    assert sealer.unseal(sealed, label="a", base=base or None) == plain


@given(st.data())
def test_a_changed_bit_is_noticed_with_a_key(data: st.DataObject) -> None:
    """Wherever it is, also in the nonce and in the mark of the format."""
    sealed = bytearray(Sealer(KEY).seal(b"some bytes" * 10, label="a"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Conflict, match="damaged"):
        Sealer(KEY).unseal(bytes(sealed), label="a")


def test_an_object_cannot_stand_in_the_place_of_another() -> None:
    """Its label is authenticated with it."""
    with pytest.raises(Conflict, match="object b is damaged"):
        Sealer(KEY).unseal(Sealer(KEY).seal(b"x", label="a"), label="b")


def test_a_wrong_key_and_a_missing_one_are_told_apart() -> None:
    """The second says what to do."""
    sealed = Sealer(KEY).seal(b"x", label="a")
    with pytest.raises(Conflict, match="another key"):
        Sealer(OTHER_KEY).unseal(sealed, label="a")
    with pytest.raises(Conflict, match="is encrypted") as caught:
        Sealer().unseal(sealed, label="a")
    assert "key" in str(caught.value.hint)


def test_who_has_a_key_takes_nothing_that_is_not_encrypted() -> None:
    """Anybody could have written it."""
    with pytest.raises(Conflict, match="is not encrypted"):
        Sealer(KEY).unseal(Sealer().seal(b"x", label="a"), label="a")


def test_the_same_bytes_have_the_same_name_for_one_key_only() -> None:
    """Without a key it is the SHA-256 that everybody can compute."""
    assert Sealer().name(b"x") == hashlib.sha256(b"x").hexdigest()
    assert Sealer(KEY).name(b"x") == Sealer(KEY).name(b"x")
    assert len({Sealer(key).name(b"x") for key in (None, KEY, OTHER_KEY)}) == 3


def test_no_two_objects_are_sealed_alike() -> None:
    """A nonce is used once."""
    assert len({Sealer(KEY).seal(b"x", label="a") for _ in range(100)}) == 100


def test_a_frame_that_claims_too_much_is_not_unpacked() -> None:
    """Nobody's memory is filled by a few bytes in the store."""
    bomb = zstandard.ZstdCompressor().compress(bytes(LARGEST + 1))
    assert len(bomb) < 2000
    with pytest.raises(Conflict, match=f"claims {LARGEST + 1} bytes"):
        Sealer().unseal(bomb, label="a")


def test_a_frame_with_something_behind_it_is_damaged() -> None:
    """What is behind was not written by us."""
    with pytest.raises(Conflict, match="damaged"):
        Sealer().unseal(Sealer().seal(b"x", label="a") + b"y", label="a")


@pytest.mark.parametrize("key", [b"", b"short", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    """The hint says how to make one."""
    with pytest.raises(BadInput, match="32 bytes") as caught:
        Sealer(key)
    assert caught.value.hint == "openssl rand -base64 32"
