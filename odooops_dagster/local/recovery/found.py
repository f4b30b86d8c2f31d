"""Takes up backups of environments of which only the store knows: they are younger than the restored record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, OdooOpsError, Unavailable
from odooops_dagster.model import StoredBackup
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.tools.store.configured import mirror_store_of

# What record_found_backup writes on a row whose manifest was sealed with the platform's key.
_LABEL = "found in the store"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The backups that were taken up, and for the others, and for projects that could not be looked at, why not."""

    recorded: Sequence[UUID]
    refused: Sequence[str]
    is_sealed: bool  # else whoever may write the store may have made them, and a person decides about each


def record_found(control: ControlPlane, store: ObjectStore, settings: Settings) -> Found:
    """Record the backups that lie in the store and not on the record; each is held, and none is verified.

    A store that does not answer is asked once, and holds up nobody. A backup that only the mirror holds is named.
    """
    recorded: list[UUID] = []
    refused: list[str] = []
    is_down = False
    projects = control.projects.list()
    for project in projects:
        repository = repository_of(store, settings, project.slug)
        rows = control.backups.list(project.id)
        known = {str(backup.id) for backup in rows if (backup.status, backup.manifest_url) != ("failed", None)}
        try:
            if is_down:
                raise Unavailable("the store does not answer")
            unknown = [key for key in repository.manifests() if _id(key) not in known]
        except OdooOpsError as exc:
            is_down = is_down or isinstance(exc, Unavailable)
            refused.append(f"{project.slug}: nobody knows which of its backups are not on the record: {exc}")
            continue
        for key in unknown:
            try:
                recorded.append(_record(control, repository, repository.manifest(key), project=project.slug))
            except (OdooOpsError, KeyError, ValueError) as exc:
                refused.append(f"{project.slug}: {key}: {exc}")
    is_sealed = any(repository_of(store, settings, each.slug).sealer.is_encrypting for each in projects)
    return Found(recorded=recorded, refused=[*refused, *_only_mirrored(control, store, settings)], is_sealed=is_sealed)


def verify_found(control: ControlPlane, *, requested_by: str | None) -> int:
    """Queue the verification of every sealed backup that was taken up and is not verified yet; return how many.

    One that waits, or ended, is not queued a second time.
    """
    waiting = [each for each in control.backups.list(status="stored") if each.label == _LABEL]
    for backup in waiting:
        control.backups.verify(backup.id, requested_by=requested_by, idempotency_key=f"found-{backup.id}")
    return len(waiting)


def _id(key: str) -> str:
    return key.partition("-")[2]


def _only_mirrored(control: ControlPlane, store: ObjectStore, settings: Settings) -> list[str]:
    """Return what to do about each backup that the mirror holds, and neither the store nor the record knows."""
    found: list[str] = []
    try:
        mirror = mirror_store_of(settings)
        if mirror is None:
            return found
        for project in control.projects.list():
            there = repository_of(mirror, settings, project.slug)
            known = {str(backup.id) for backup in control.backups.list(project.id)}
            if keys := [key for key in there.manifests() if _id(key) not in known]:
                here = set(repository_of(store, settings, project.slug).manifests())
                hint = f"is in the mirror alone: copy {there.prefix} from there into the store, then confirm again"
                found += [f"{project.slug}: {key} {hint}" for key in keys if key not in here]
    except OdooOpsError as exc:
        found.append(f"nobody knows which backups only the mirror holds: {exc}")
    return found


def _record(control: ControlPlane, repository: Repository, manifest: Manifest, *, project: str) -> UUID:
    facts = manifest.facts
    if facts["project"] != project:
        raise Conflict(f"it is a backup of project {facts['project']}")
    stored = StoredBackup(
        manifest_url=repository.url(manifest),
        manifest_sha256=manifest.sha256,
        taken_at=manifest.taken_at,
        size_bytes=manifest.size_bytes,
        stored_bytes=sum(piece.stored_bytes for piece in manifest.objects.values()),
        object_count=len(manifest.objects),
        format_version=manifest.version,
        database_name=manifest.database_name,
        odoo_version=facts["odoo_version"],
        git_sha=facts["git_sha"],
        image_digest=facts["image_digest"],
        metadata={"modules": facts.get("modules", {}), "file_count": manifest.file_count},
    )
    backup_id = UUID(manifest.id)
    is_new = control.backups.record_found(
        backup_id,
        stored,
        project=project,
        environment=facts["environment"],
        stage=facts["stage"],
        is_sealed=repository.sealer.is_encrypting,
    )
    if not is_new:
        raise Conflict(f"the record has no {facts['stage']} environment {facts['environment']}")
    return backup_id
