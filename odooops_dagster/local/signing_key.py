"""The platform's own key, by which it signs the bundles of releases."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from odooops_dagster.home import signing_key_file
from odooops_dagster.local.secrets import create_once


def signing_key(home: Path) -> bytes:
    """Return the private key in PEM; make it at the first call."""
    path = signing_key_file(home)
    if not path.exists():
        create_once(path, _new_key())
    return path.read_bytes()


def _new_key() -> str:
    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
