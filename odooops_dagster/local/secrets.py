"""The platform's secrets, generated or given: one file each, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import write_whole
from odooops_dagster.home import secret_file, secrets_folder


def read_or_create_secret(home: Path, name: str) -> str:
    """Return the secret of this name; create it at first use, the same for concurrent callers."""
    path = secret_file(home, name)
    if not path.exists():
        create_once(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def read_secret(home: Path, name: str) -> str:
    """Return the secret of this name, which must exist."""
    try:
        return secret_file(home, name).read_text().strip()
    except FileNotFoundError as exc:
        raise Unavailable(f"{home} has no secret named {name}", hint="ops up") from exc


def write_secret(home: Path, path: Path, content: str) -> None:
    """Keep the secret in its file below the secrets' folder, in the place of the one before."""
    for folder in (secrets_folder(home), path.parent):  # only the last folder that mkdir makes gets the mode
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, content.encode())


def create_once(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Create the file atomically; keep the file of a faster process."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # fails if another process created the file in the meantime
    except FileExistsError:
        pass
    finally:
        draft.unlink()
