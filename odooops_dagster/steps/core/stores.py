"""Where backups are kept, and the programs that dump and restore: what the settings say of both."""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from odooops_dagster.errors import BadInput, NotFound
from odooops_dagster.local.binaries import wheel_bin_dir
from odooops_dagster.model import Backup
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.sealing import KEY_BYTES, Sealer
from odooops_dagster.tools.store import ObjectStore, S3Options, open_store

# Where Debian's packages put each major version's programs.
_INSTALLED = Path("/usr/lib/postgresql")


def store_of(settings: Settings) -> ObjectStore:
    """Return the store that the settings name."""
    options = S3Options(
        encryption=settings.store_encryption,
        kms_key_id=settings.store_kms_key_id,
        lock_mode=settings.store_lock_mode,
        lock_for=timedelta(days=settings.store_lock_days),
    )
    return open_store(
        settings.store_url, default=settings.home / "store", endpoint_url=settings.store_endpoint_url, options=options
    )


def repository_of(store: ObjectStore, settings: Settings, project_slug: str) -> Repository:
    """Return the repository of the project's backups."""
    return Repository(store, prefix=f"backups/{project_slug}", sealer=Sealer(_key(settings.backup_key)))


def manifest_of(repository: Repository, backup: Backup) -> Manifest:
    """Return the manifest that the backup's row names.

    Raises:
        Conflict: the store does not hold it, or another in its place, or it cannot be read with this key.
    """
    key, hint = manifest_key(backup), f"ops backup verify {backup.id}"
    try:
        manifest = repository.manifest(key) if key else None
    except NotFound:
        manifest = None
    if manifest is None:
        raise Damaged(f"the store holds no manifest of backup {backup.id}", hint=hint)
    if manifest.sha256 != backup.manifest_sha256:
        raise Damaged(f"the store holds another manifest than was written for backup {backup.id}", hint=hint)
    return manifest


def manifest_key(backup: Backup) -> str | None:
    """Return where in the repository the backup's manifest stands; None where none was written."""
    _, folder, name = (backup.manifest_url or "").rpartition("manifests/")
    return folder + name or None


def pg_programs(settings: Settings) -> Programs:
    """Return PostgreSQL's programs: the wheel's, or newer ones of this machine where a server is our own.

    A newer program reads older servers and older dumps, an older one reads neither: the newest does for all.
    """
    wheel = wheel_bin_dir()
    if settings.odoo_database_url is None:
        return Programs(folder=wheel)
    return Programs(folder=max([wheel, *_installed()], key=_major))


def _installed() -> Iterator[Path]:
    """Yield the folders of this machine that hold the programs."""
    folders = [*sorted(_INSTALLED.glob("*/bin")), *map(Path, os.get_exec_path())]
    yield from (folder for folder in folders if (folder / "pg_dump").is_file() and (folder / "pg_restore").is_file())


@cache
def _major(folder: Path) -> int:
    """Return the programs' major version; 0 where they do not run."""
    try:
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return 0
    found = re.search(r"\b(\d+)\.?", said)
    return int(found.group(1)) if found else 0


def _key(key: SecretStr | None) -> bytes | None:
    if key is None or not key.get_secret_value().strip():
        return None
    hint = "openssl rand -base64 32"
    try:
        decoded = base64.b64decode(key.get_secret_value().strip(), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadInput("ODOOOPS_BACKUP_KEY is not base64", hint=hint) from exc
    if len(decoded) != KEY_BYTES:
        raise BadInput(f"ODOOOPS_BACKUP_KEY holds {len(decoded)} bytes, not {KEY_BYTES}", hint=hint)
    return decoded
