"""The first passwords of productions' administrators, from the door that was given them to the step that sets them.

Only the hash that Odoo keeps anyway lies on disk, in a file that only the platform's account reads. Where nobody gave a
password, one is generated and lies in such a file until somebody has read it.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from odooops_dagster.files import write_whole
from odooops_dagster.home import administrator_hash, administrator_password
from odooops_dagster.model import Environment
from odooops_dagster.tools.odoo.administrator import hashed

_BYTES = 15


def new_password() -> str:
    """Return a password that nobody guesses."""
    return secrets.token_urlsafe(_BYTES)


def keep_password(home: Path, environment: Environment, password: str) -> None:
    """Keep the hash of the administrator's first password until the environment is made; a repeat replaces it."""
    _write(administrator_hash(home, environment), hashed(password))


def first_hash(home: Path, environment: Environment) -> tuple[str, Path | None]:
    """Return the hash to set, and where a generated password lies that nobody has seen; None if somebody gave it."""
    kept = administrator_hash(home, environment)
    if kept.exists():
        return kept.read_text().strip(), None
    password = new_password()
    place = administrator_password(home, environment)
    _write(place, password)
    return hashed(password), place


def forget_passwords(home: Path, environment: Environment) -> None:
    """Remove what is kept of the environment's first password."""
    for path in (administrator_hash(home, environment), administrator_password(home, environment)):
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, f"{text}\n".encode())  # which only its owner reads
