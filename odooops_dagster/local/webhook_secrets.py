"""The secrets of projects' own webhooks: one file each, readable by the platform's account only."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from uuid import UUID

from odooops_dagster.home import webhook_secret_file
from odooops_dagster.local.secrets import write_secret


def write_webhook_secret(home: Path, project_id: UUID) -> str:
    """Make a secret for the project's webhook, replace the one before, and return it."""
    secret = secrets.token_urlsafe(32)
    write_secret(home, webhook_secret_file(home, project_id), f"{secret}\n")
    return secret


def read_webhook_secret(home: Path, project_id: UUID) -> str | None:
    """Return the secret of the project's webhook, None if it has none of its own."""
    try:
        return webhook_secret_file(home, project_id).read_text().strip() or None
    except FileNotFoundError:
        return None


def signing_token(secret: str) -> str:
    """Return a secret as GitLab takes it for signing. Source: "signing_token" in GitLab's "Project webhooks API"."""
    return "whsec_" + base64.b64encode(secret_bytes(secret)).decode()


def secret_bytes(secret: str) -> bytes:
    """Return the bytes that a secret writes down."""
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
