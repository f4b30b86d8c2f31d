"""By what projects' forges are told: a token, or a GitHub App; one file each, for the platform's account only.

A token goes to the address for which it was given, and to no other one that a row may name later. An App acts in the
repository for which it was chosen: it may be installed in many, and a row must not lead it from one to another.
"""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

from odooops_dagster.errors import BadInput
from odooops_dagster.home import forge_app_file, forge_token_file
from odooops_dagster.local.secrets import write_secret
from odooops_dagster.tools.forge.app_tokens import GitHubAppKey

# How a file begins in the place of a token: with a space, which no token has.
_APP = "app "


def write_forge_token(home: Path, project_id: UUID, token: str, *, api_url: str) -> None:
    """Keep the project's token for the API that begins there, in the place of the one before.

    Raises:
        BadInput: a header cannot carry it.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise BadInput("The token is empty or has characters that no token has", hint="paste it alone, in one line")
    write_secret(home, forge_token_file(home, project_id), f"{api_url}\n{token}\n")


def read_forge_token(home: Path, project_id: UUID, *, api_url: str) -> str | None:
    """Return the project's token for the API that begins there, None if it has none."""
    try:
        given_for, _, token = forge_token_file(home, project_id).read_text().partition("\n")
    except FileNotFoundError:
        return None
    return token.strip() or None if given_for == api_url and not token.startswith(_APP) else None


def choose_forge_app(home: Path, project_id: UUID, *, api_url: str, repository: str) -> None:
    """Tell the project's repository by the GitHub App of the API, and drop its token."""
    write_secret(home, forge_token_file(home, project_id), f"{api_url}\n{_APP}{repository}\n")


def read_forge_app(home: Path, project_id: UUID, *, api_url: str, repository: str) -> GitHubAppKey | None:
    """Return the App that was chosen for the project's repository; None if none was, or if it has no key here."""
    try:
        chosen = forge_token_file(home, project_id).read_text()
    except FileNotFoundError:
        return None
    return _read_key(home, api_url) if chosen == f"{api_url}\n{_APP}{repository}\n" else None


def write_forge_app(home: Path, app: GitHubAppKey) -> None:
    """Keep the key of the GitHub App at its API, in the place of the one before.

    Raises:
        BadInput: the key is no private RSA key.
    """
    app.sign_in(now=0)
    kept = json.dumps({"app_id": app.app_id, "private_key": app.private_key})
    write_secret(home, forge_app_file(home, app.api_url), kept)


def has_forge_app(home: Path, api_url: str) -> bool:
    """Return whether there is a key of an App at the API."""
    return forge_app_file(home, api_url).exists()


def _read_key(home: Path, api_url: str) -> GitHubAppKey | None:
    try:
        kept = json.loads(forge_app_file(home, api_url).read_text())
    except FileNotFoundError:
        return None
    return GitHubAppKey(api_url=api_url, app_id=kept["app_id"], private_key=kept["private_key"])


def remove_forge_token(home: Path, project_id: UUID) -> None:
    """Delete the project's token, if it has one."""
    forge_token_file(home, project_id).unlink(missing_ok=True)
