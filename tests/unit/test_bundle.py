"""A bundle is verified with its bytes and a key alone, and whatever was changed in it is named."""

from __future__ import annotations

import io
import json
import string
import tarfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.bundle.archive import LARGEST_PART, pack, unpack
from odooops_dagster.tools.bundle.envelopes import PAYLOAD_TYPE, public_pem, sealed, signer_of
from odooops_dagster.tools.bundle.layout import INDEX, KEY, RECORD, evidence_part, statement_part
from odooops_dagster.tools.bundle.statements import (
    RELEASE,
    TEST_RESULT,
    canonical,
    package_url,
    sha256,
    statement,
)
from odooops_dagster.tools.bundle.verify import verify

SIGNER = CryptoSigner.generate_ed25519()
OTHER = CryptoSigner.generate_ed25519()
LOG = b"3 modules loaded\n"
WORDS = ("_type", "predicateType", "subject", "digest", "name", "sha256", "predicate", "purl", "gates", "left_out")
GATES = [{"gate_code": "G1", "status": "passed"}]

Parts = dict[str, bytes]


def indexed(parts: Parts, signer: CryptoSigner = SIGNER) -> Parts:
    """Return the parts with an index that names them."""
    hashes = {name: sha256(data) for name, data in parts.items()}
    index = statement(RELEASE, {"purl": package_url("shop", "1.0")}, subjects=hashes)
    return {INDEX: sealed(index, signer), **parts}


def made(signer: CryptoSigner = SIGNER) -> Parts:
    """Return the parts of a small bundle."""
    tests = statement(TEST_RESULT, {"result": "PASSED", "configuration": []}, subjects={"shop": "1" * 64})
    return indexed(
        {
            RECORD: canonical({"gates": GATES, "left_out": ["sbom: none"]}),
            KEY: public_pem(signer),
            statement_part("tests-G1"): sealed(tests, signer),
            evidence_part(sha256(LOG)): LOG,
        },
        signer,
    )


def packed(parts: Parts) -> bytes:
    """Return the bytes of the bundle."""
    return b"".join(pack(parts))


WHOLE = packed(made())


def faults(parts: Parts, *, key: bytes | None = None) -> dict[str, str]:
    """Return the part and the reason of each fault."""
    return {fault.part: fault.reason for fault in verify(packed(parts), key=key).faults}


def test_a_whole_bundle_is_intact_and_says_of_what_it_is() -> None:
    """With the key that came with it, and with one from elsewhere; only the second proves who signed."""
    verdict = verify(WHOLE)
    assert (verdict.is_intact, verdict.is_key_given, verdict.release) == (True, False, "pkg:generic/shop@1.0")
    assert (verdict.parts, dict(verdict.gates), verdict.left_out) == (5, {"G1": "passed"}, ("sbom: none",))
    assert verdict.key_id == SIGNER.public_key.keyid
    assert verify(WHOLE, key=public_pem(SIGNER)).is_intact


def test_the_same_parts_make_the_same_bytes() -> None:
    """In whatever order they come; and the file is a tar that everybody opens."""
    parts = made()
    assert packed(dict(reversed(parts.items()))) == packed(parts)
    with tarfile.open(fileobj=io.BytesIO(WHOLE)) as tar:
        assert tar.getnames() == sorted(parts)
        assert {(entry.mtime, entry.uid, entry.uname) for entry in tar} == {(0, 0, "")}
    assert unpack(WHOLE) == parts


@pytest.mark.parametrize("part", sorted(made()))
@pytest.mark.parametrize("place", [0, 0.25, 0.5, 0.75, 1], ids=lambda place: f"at {place:.0%}")
def test_a_changed_byte_names_its_part(part: str, place: float) -> None:
    """The index too, whose own spelling is fixed; a part that it names with both hashes."""
    parts = made()
    data = bytearray(parts[part])
    data[int(place * (len(data) - 1))] ^= 1
    parts[part] = bytes(data)
    [fault, *others] = [fault for fault in verify(packed(parts)).faults if fault.part == part]
    if part != INDEX:
        changed = next(each for each in [fault, *others] if each.reason == "was changed")
        assert (changed.expected, changed.found) == (sha256(made()[part]), sha256(parts[part]))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_byte_of_the_file_can_be_changed(place: int, by: int) -> None:
    """Headers, padding and the end are what the parts make of them."""
    changed = WHOLE[:place] + bytes([WHOLE[place] ^ by]) + WHOLE[place + 1 :]
    with suppress(BadInput):
        assert not verify(changed).is_intact


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_is_cut_off_is_no_bundle(length: int) -> None:
    """Wherever it ends."""
    with pytest.raises(BadInput):
        verify(WHOLE[:length])


def test_every_fault_is_named_at_once() -> None:
    """What is missing, what is too much, what was changed and what is not signed."""
    parts = made()
    parts["statements/more.json"] = sealed(statement(TEST_RESULT, {}, subjects={}), OTHER)
    del parts[RECORD]
    parts[evidence_part(sha256(LOG))] = b"nothing went wrong\n"
    parts[statement_part("tests-G1")] = b"{}"
    found = [(fault.part, fault.reason) for fault in verify(packed(parts)).faults]
    assert found == [
        (evidence_part(sha256(LOG)), "was changed"),
        (RECORD, "is missing"),
        (statement_part("tests-G1"), "was changed"),
        ("statements/more.json", "is not named by the index"),
        ("statements/more.json", "is not signed by this key"),
        (statement_part("tests-G1"), "cannot be read: it is no DSSE envelope with a statement"),
    ]


def test_another_key_signed_nothing_of_it() -> None:
    """Whoever signs a bundle of their own is found by the key from elsewhere, and by that alone."""
    forged = made(OTHER)
    assert faults(forged) == {}
    told = "is not signed by this key"
    assert faults(forged, key=public_pem(SIGNER)) == {INDEX: told, statement_part("tests-G1"): told}


def test_a_statement_without_a_signature_is_named() -> None:
    """Also where the index names it."""
    parts = {name: data for name, data in made().items() if name != INDEX}
    bare = json.loads(parts[statement_part("tests-G1")]) | {"signatures": []}
    parts[statement_part("tests-G1")] = canonical(bare)
    assert faults(indexed(parts)) == {statement_part("tests-G1"): "is not signed"}
    assert faults({**indexed(parts), INDEX: canonical(bare)})[INDEX] == "is not signed"


def test_a_bundle_without_its_key_proves_nothing() -> None:
    """Unless the verifier has the key."""
    parts = {name: data for name, data in made().items() if name not in (INDEX, KEY)}
    assert faults(indexed(parts)) == {KEY: "is missing, so that no signature can be verified"}
    assert faults(indexed(parts), key=public_pem(SIGNER)) == {}
    assert "is no public key" in faults(indexed({**parts, KEY: b"a key"}))[KEY]


def test_another_signed_statement_is_no_index() -> None:
    """Even one that names the parts."""
    parts = made()
    del parts[INDEX]
    assert faults(parts)[INDEX].startswith("is missing")
    tests = statement(TEST_RESULT, {}, subjects={name: sha256(data) for name, data in parts.items()})
    assert faults({INDEX: sealed(tests, SIGNER), **parts}) == {INDEX: "is signed, but no index of a release"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(WORDS), part, max_size=4),
    max_leaves=8,
)


@given(JSON, JSON)
def test_whatever_is_signed_as_index_and_record_is_a_fault_and_no_exception(index: object, record: object) -> None:
    """Somebody else's key signs anything."""
    assert not verify(packed({**made(), INDEX: sealed(index, SIGNER), RECORD: canonical(record)})).is_intact


def respelled(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the signed index after a change of its envelope, whose signature stays true."""
    envelope = json.loads(made()[INDEX])
    change(envelope)
    return canonical(envelope)


def loosened(text: str) -> str:
    """Return other base64 of the same 64 bytes: the last digit has four bits that nobody reads."""
    other = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    return text[:-3] + other[other.index(text[-3]) ^ 1] + text[-2:]


def test_a_signed_part_has_one_spelling() -> None:
    """Spaces, bits that base64 leaves out and fields beside the signature are signed by nobody."""
    told = "cannot be read: its envelope is not spelled as a bundle spells it"
    spaced = made()[INDEX].replace(b",", b", ")
    loose = respelled(lambda envelope: envelope["signatures"][0].update(sig=loosened(envelope["signatures"][0]["sig"])))
    more = respelled(lambda envelope: envelope["signatures"][0].update(by="somebody"))
    beside = respelled(lambda envelope: envelope.update(by="somebody"))
    for index in (spaced, loose, more, beside):
        assert faults({**made(), INDEX: index})[INDEX] == told
    assert faults({**made(), INDEX: respelled(lambda _: None)}) == {}


def test_a_signed_payload_of_another_type_is_no_statement() -> None:
    """The type is signed with the payload."""
    envelope = Envelope(b"{}", "text/plain", {})
    envelope.sign(SIGNER)
    told = faults({**made(), INDEX: canonical(envelope.to_dict())})[INDEX]
    assert told == f"cannot be read: its payload is no {PAYLOAD_TYPE}"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"payload": 1, "payloadType": "x", "signatures": []}',
        b'{"payload": "", "payloadType": null, "signatures": [1]}',
        b'{"payload": "e30=", "payloadType": "text/plain", "signatures": []}',
        b'{"payload": "bm9uZQ==", "payloadType": "x", "signatures": []}',
    ],
    ids=["empty", "a list", "deep", "a number", "no signature", "another type", "no json"],
)
def test_what_is_no_envelope_is_a_fault_of_its_part(data: bytes) -> None:
    """And no exception."""
    assert faults({**made(), INDEX: data}).keys() >= {INDEX}


def entry(name: str = "record.json", data: bytes = b"{}", *, type_: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """Return a tar with one entry, as other programs write it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = type_, link, len(data) if type_ == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def bomb() -> bytes:
    """Return the header of an entry that says it has a terabyte."""
    info = tarfile.TarInfo("record.json")
    info.size = 2**40
    return info.tobuf(tarfile.GNU_FORMAT) + WHOLE


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is no bundle"),
        (b"PK\x03\x04" * 400, "does not begin as a tar"),
        (bytes(1024), "is a tar, but no bundle"),
        (entry("../record.json"), "has a name"),
        (entry("/etc/passwd"), "has a name"),
        (entry("a/../b"), "has a name"),
        (entry(type_=tarfile.SYMTYPE, link="/etc/passwd"), "is a link"),
        (entry(type_=tarfile.LNKTYPE, link="index.json"), "is a link"),
        (entry(type_=tarfile.DIRTYPE), "is a link, a folder or a device"),
        (entry(type_=tarfile.FIFOTYPE), "is a link, a folder or a device"),
        (entry(), "is not as a bundle has it"),
        (bomb(), "more than a part may have"),
        (WHOLE + b"\0" * 512, "something was added behind it"),
        (WHOLE[:-1024] + WHOLE, "two entries"),
        (packed({"b": b""})[:-1024] + packed({"a": b""}), "not in its place"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_bundle_is_refused_in_a_sentence(data: bytes, told: str) -> None:
    """Whatever it is, and before anything is unpacked anywhere."""
    with pytest.raises(BadInput, match=told) as refusal:
        verify(data)
    assert "\n" not in str(refusal.value)


def test_a_bundle_has_bounds() -> None:
    """What is too large is not written."""
    with pytest.raises(BadInput, match="is no part of a bundle"):
        packed({"a": bytes(LARGEST_PART + 1)})
    with pytest.raises(BadInput, match="is no part of a bundle"):
        packed({"../a": b""})


def test_a_key_that_only_encrypts_is_refused() -> None:
    """It is a key, and signs nothing."""
    private = X25519PrivateKey.generate()
    with pytest.raises(BadInput, match="no Ed25519 key"):
        signer_of(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(BadInput, match="is no public key"):
        verify(WHOLE, key=private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("read", [signer_of, lambda data: verify(WHOLE, key=data)], ids=["private", "public"])
@pytest.mark.parametrize("data", [b"", b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n", b"\xff" * 100_000])
def test_what_is_no_key_is_refused(read: Callable[[bytes], object], data: bytes) -> None:
    """In one sentence."""
    with pytest.raises(BadInput, match="key"):
        read(data)
