"""DSSE envelopes: statements, and the signatures of those who made them.

Source: secure-systems-lab/dsse, envelope.md and protocol.md; in-toto/attestation, spec/v1/envelope.md.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.exceptions import Error as SignatureError

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.bundle.statements import canonical

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner, SSlibKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
# An RSA key of 16384 bits takes 3 KB.
LARGEST_KEY = 16 * 1024
_KEY_HINT = (
    "put the platform's back from a backup of secrets/; a person's is made by openssl genpkey -algorithm ed25519"
)


def signer_of(pem: bytes, *, whose: str = "the platform's") -> CryptoSigner:
    """Return the signer with this private key; `whose` names its owner in the error.

    Ed25519 alone: its signatures of the same bytes are the same, so that the same release makes the same bundle.

    Raises:
        BadInput: the bytes are no such key.
    """
    # It imports boto3, where that is installed, which takes longer than most commands.
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415

    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise BadInput(f"{whose} signing key cannot be read", hint=_KEY_HINT) from exc
    if not isinstance(private, Ed25519PrivateKey):
        raise BadInput(f"{whose} signing key is no Ed25519 key", hint=_KEY_HINT)
    return CryptoSigner(private)


def public_pem(signer: CryptoSigner) -> bytes:
    """Return the public key of the signer, by which others verify."""
    private = load_pem_private_key(signer.private_bytes, password=None)
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_key_of(pem: bytes) -> SSlibKey:
    """Return the public key in the PEM file.

    Raises:
        BadInput: there is none.
    """
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415 - see signer_of

    try:
        return SSlibKey.from_crypto(load_pem_public_key(pem[:LARGEST_KEY]))
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise BadInput(
            "the key is no public key in PEM", hint="ops release key prints it where the bundle was made"
        ) from exc


def sealed(statement: object, signer: CryptoSigner) -> bytes:
    """Return the signed envelope with the statement."""
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - see signer_of

    envelope = Envelope(canonical(statement), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return canonical(envelope.to_dict())


def opened(data: bytes) -> tuple[Envelope, Any]:
    """Return the envelope and the statement in it; the signatures are not looked at.

    Raises:
        BadInput: the bytes are no envelope with a statement, or another spelling of one.
    """
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 - see signer_of

    try:
        envelope = Envelope.from_dict(json.loads(data))
        statement = json.loads(envelope.payload)
        is_as_written = canonical(envelope.to_dict()) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SignatureError) as exc:
        raise BadInput("it is no DSSE envelope with a statement") from exc
    # A field beside the signature would be signed by nobody.
    if not is_as_written or any(each.unrecognized_fields for each in envelope.signatures.values()):
        raise BadInput("its envelope is not spelled as a bundle spells it")
    if envelope.payload_type != PAYLOAD_TYPE or not isinstance(statement, dict):
        raise BadInput(f"its payload is no {PAYLOAD_TYPE}")
    return envelope, statement


def is_signed_by(envelope: Envelope, key: SSlibKey) -> bool:
    """Return whether the envelope bears a true signature of the key."""
    try:
        envelope.verify([key], 1)
    except (SignatureError, ValueError):
        return False
    return True
