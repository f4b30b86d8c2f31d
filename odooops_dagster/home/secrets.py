"""The places of secrets in the state folder."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import UUID

from odooops_dagster.home.contents import StateEntry
from odooops_dagster.home.names import SESSIONS_SECRET, VISITORS_SECRET
from odooops_dagster.model import Environment


def secrets_folder(home: Path) -> Path:
    """Return the folder that only the platform's account may enter."""
    return home / StateEntry.SECRETS


def secret_file(home: Path, name: str) -> Path:
    """Return the file of a secret that the platform generated."""
    return secrets_folder(home) / name


def deploy_key(home: Path, slug: str) -> Path | None:
    """Return the file of the project's own ssh key; None if it has none, and uses those of the platform's account."""
    path = deploy_key_file(home, slug)
    return path if path.exists() else None


def deploy_key_file(home: Path, slug: str) -> Path:
    """Return the place of the project's own ssh key."""
    return secrets_folder(home) / "deploy-keys" / slug


def administrator_hash(home: Path, environment: Environment) -> Path:
    """Return the file with the hash of the first password of an environment's administrator."""
    return secrets_folder(home) / "administrators" / f"{environment.id.hex}.hash"


def administrator_password(home: Path, environment: Environment) -> Path:
    """Return the file with a generated first password of an environment's administrator that nobody has seen."""
    return secrets_folder(home) / "administrators" / environment.id.hex


def signing_key_file(home: Path) -> Path:
    """Return the file with the key by which the platform signs the bundles of releases."""
    return secret_file(home, "signing-key.pem")


def sealing_key_file(home: Path) -> Path:
    """Return the file with the private key for which values of variables are sealed."""
    return secret_file(home, "sealing-key")


def role_passwords(secrets: Path) -> Path:
    """Return the folder of the passwords of database roles, one file per role."""
    return secrets / "databases"


def adoption_file(secrets: Path, environment_id: UUID) -> Path:
    """Return the file with the access to an adopted production."""
    return secrets / "adopted" / f"{environment_id}.json"


def login_secrets(home: Path) -> Path:
    """Return the folder of the secrets by which the Dagster UI knows its people, which its webserver sees."""
    return secret_file(home, SESSIONS_SECRET).parent


def visitors_secret_file(home: Path) -> Path:
    """Return the file with the password of previews' visitors, in a folder of its own that the router sees."""
    return secret_file(home, VISITORS_SECRET)


def webhook_secrets(home: Path) -> Path:
    """Return the folder of the secrets of projects' own webhooks, which the gateway sees."""
    return secrets_folder(home) / "webhooks"


def webhook_secret_file(home: Path, project_id: UUID) -> Path:
    """Return the file with the secret of a project's own webhook."""
    return webhook_secrets(home) / project_id.hex


def forge_token_file(home: Path, project_id: UUID) -> Path:
    """Return the file with the token by which a project's forge is told its results, or that it is told by an App."""
    return secrets_folder(home) / "forges" / project_id.hex


def forge_app_file(home: Path, api_url: str) -> Path:
    """Return the file with the key of the GitHub App at an API."""
    return secrets_folder(home) / "forges" / f"app-{hashlib.sha256(api_url.encode()).hexdigest()[:32]}"


def notification_target_file(home: Path, channel: str, name: str) -> Path:
    """Return the file with the address, and for a webhook the signing secret, of a named target of notifications."""
    return secrets_folder(home) / "notifications" / f"{channel}-{name}"
