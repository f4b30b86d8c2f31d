"""The quorum of a gate is proved by true signatures of so many persons, over a statement about this release."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.bundle.approvals import approval, is_signed_by_quorum, key_id_of, merged, signed
from odooops_dagster.tools.bundle.quorum import Approver, Subject, is_proved

IMAGE = "sha256:" + "1" * 64
SUBJECT = Subject("G2", "pkg:generic/shop@1.0", IMAGE)


def new_key() -> tuple[bytes, str]:
    """Return a private and a public key in PEM."""
    private = Ed25519PrivateKey.generate()
    return (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    )


ANA, BEN, EVE = new_key(), new_key(), new_key()
APPROVERS = [Approver("ana", ANA[1]), Approver("ben", BEN[1])]


def said(**values: str) -> dict[str, Any]:
    """Return an approval of gate G2 of release 1.0."""
    told = {"project": "shop", "version": "1.0", "image_digest": IMAGE, "gate": "G2", "decision": "approved"}
    return approval(**told | {"shown": "2" * 64} | values)


def test_two_signatures_of_two_persons_are_a_quorum_of_two() -> None:
    """In one envelope, which DSSE's own threshold proves too."""
    [one] = merged([signed(said(), ANA[0]), signed(said(), BEN[0])])
    assert len(one["signatures"]) == 2
    assert is_proved([one], APPROVERS, SUBJECT, quorum=2)
    assert is_signed_by_quorum(one, [ANA[1], BEN[1]], 2)
    assert not is_proved([one], APPROVERS, SUBJECT, quorum=3)


def test_two_keys_of_one_person_are_one_person() -> None:
    """Nor is a signature that is there twice two."""
    both = [Approver("ana", ANA[1]), Approver("ana", BEN[1])]
    envelopes = [signed(said(), ANA[0]), signed(said(), BEN[0]), signed(said(), ANA[0])]
    assert is_proved(envelopes, both, SUBJECT, quorum=1)
    assert not is_proved(envelopes, both, SUBJECT, quorum=2)


def test_approvals_of_what_was_shown_at_two_times_count_together() -> None:
    """Which of them still stands is the record's to say."""
    envelopes = [signed(said(), ANA[0]), signed(said(shown="3" * 64), BEN[0])]
    assert len(merged(envelopes)) == 2
    assert is_proved(envelopes, APPROVERS, SUBJECT, quorum=2)


@pytest.mark.parametrize(
    "values",
    [
        {"version": "1.1"},
        {"image_digest": "sha256:" + "9" * 64},
        {"gate": "G3"},
        {"decision": "rejected"},
        {"project": "x"},
    ],
)
def test_a_signature_of_something_else_proves_nothing(values: dict[str, str]) -> None:
    """Another release, image, gate, word or project."""
    assert not is_proved([signed(said(**values), ANA[0])], APPROVERS, SUBJECT, quorum=1)


def test_a_signature_that_is_not_true_proves_nothing() -> None:
    """By a stranger, by a stranger who names another's key, over another statement, or none at all."""
    stranger = signed(said(), EVE[0])
    true = signed(said(), ANA[0])
    disguised = json.loads(json.dumps(stranger))
    disguised["signatures"][0]["keyid"] = key_id_of(ANA[1].encode())
    moved = signed(said(version="1.1"), ANA[0]) | {"payload": true["payload"]}
    for envelope in (stranger, disguised, moved, true | {"signatures": []}, {}, {"payload": 3}):
        assert not is_proved([envelope], APPROVERS, SUBJECT, quorum=1), envelope


def test_what_is_no_ed25519_key_is_refused() -> None:
    """In either direction."""
    with pytest.raises(BadInput, match="person's signing key"):
        signed(said(), b"nothing")
    with pytest.raises(BadInput, match="no public key"):
        key_id_of(b"nothing")
