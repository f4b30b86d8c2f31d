"""The secrets of projects' own webhooks: one file each, readable by the platform's account only."""

from __future__ import annotations

import secrets
from pathlib import Path
from uuid import UUID

from odooops_dagster.files import write_whole
from odooops_dagster.home import secrets_folder, webhook_secret_file


def write_webhook_secret(home: Path, project_id: UUID) -> str:
    """Make a secret for the project's webhook, replace the one before, and return it."""
    secret = secrets.token_urlsafe(32)
    path = webhook_secret_file(home, project_id)
    for folder in (secrets_folder(home), path.parent):  # only the last folder that mkdir makes gets the mode
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, f"{secret}\n".encode())
    return secret


def read_webhook_secret(home: Path, project_id: UUID) -> str | None:
    """Return the secret of the project's webhook, None if it has none of its own."""
    try:
        return webhook_secret_file(home, project_id).read_text().strip() or None
    except FileNotFoundError:
        return None
