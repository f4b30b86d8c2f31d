"""The projects' own ssh keys: one per project, so that no project reads another's repository by the platform's key."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.home import deploy_key_file
from odooops_dagster.local.secrets import create_once


def public_deploy_key(home: Path, slug: str) -> str:
    """Return the line of the project's public key for its forge; make the key at the first call."""
    path = deploy_key_file(home, slug)
    if not path.exists():
        create_once(path, _new_key().strip())
    private = serialization.load_ssh_private_key(path.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise BadInput(f"{path} is no key of this platform", hint=f"ops project deploy-key {slug} --remove")
    form = serialization.PublicFormat.OpenSSH
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, form)
    return f"{public.decode()} odooops-{slug}"


def remove_deploy_key(home: Path, slug: str) -> None:
    """Delete the project's key: its repository is reached with the keys of the platform's account again.

    Raises:
        NotFound: the project has no key.
    """
    try:
        deploy_key_file(home, slug).unlink()
    except FileNotFoundError as exc:
        raise NotFound(f"project {slug} has no deploy key", hint=f"ops project deploy-key {slug}") from exc


def _new_key() -> str:
    private = Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.OpenSSH
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
