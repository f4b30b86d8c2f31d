"""Finds the repository of a project and the manifest of a backup's row."""

from __future__ import annotations

from pydantic import SecretStr

from odooops_dagster.errors import NotFound
from odooops_dagster.model import Backup
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.encryption import Sealer, key_bytes
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.configured import mirror_store_of


def repository_of(store: ObjectStore, settings: Settings, project_slug: str) -> Repository:
    """Return the repository of the project's backups."""
    return Repository(store, prefix=f"backups/{project_slug}", sealer=Sealer(_key(settings.backup_key)))


def mirror_of(settings: Settings, project_slug: str) -> Repository | None:
    """Return the repository of the project's backups in the mirror, None without one."""
    store = mirror_store_of(settings)
    return repository_of(store, settings, project_slug) if store is not None else None


def manifest_of(repository: Repository, backup: Backup) -> Manifest:
    """Return the manifest of the backup's row.

    Raises:
        Conflict: the manifest is absent, differs from the row's hash, or cannot be read with this key.
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
    """Return the key of the backup's manifest in the repository; None if none was written."""
    _, folder, name = (backup.manifest_url or "").rpartition("manifests/")
    return folder + name or None


def _key(key: SecretStr | None) -> bytes | None:
    if key is None or not key.get_secret_value().strip():
        return None
    return key_bytes(key.get_secret_value(), name="ODOOOPS_BACKUP_KEY")
