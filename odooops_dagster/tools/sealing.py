"""Seals values for a public key, so that only who has the private key opens them: HPKE of RFC 9180."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from odooops_dagster.errors import BadInput, Conflict

# In bytes; one variable of a program may have 128 KiB, all of them a quarter of its stack. Source: execve(2).
LARGEST = 8192

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal(value: str, *, public_key: bytes, bound_to: bytes) -> bytes:
    """Return the value sealed for the key, 48 bytes longer; it opens only with the same `bound_to`.

    Raises:
        BadInput: it is empty, longer than 8 KiB, or holds a NUL, which no variable can.
    """
    plain = value.encode()
    if not plain or len(plain) > LARGEST or b"\0" in plain:
        raise BadInput(f"a value has 1 to {LARGEST} bytes and no NUL", hint="give a longer one as a file of the addon")
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public_key), bound_to)


def unseal(sealed: bytes, *, private_key: bytes, bound_to: bytes) -> str:
    """Return the value.

    Raises:
        Conflict: it is sealed for another key, or for something else.
    """
    try:
        return _SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private_key), bound_to).decode()
    except (InvalidTag, ValueError) as exc:
        raise Conflict("the value is sealed for something else", hint="set it again: ops env set") from exc


def new_key() -> bytes:
    """Return a new private key, 32 bytes."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_of(private_key: bytes) -> bytes:
    """Return the public key of a private one."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
