"""Values of backups, restores and drills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model.checks import CheckResult
from odooops_dagster.model.environments import Stage
from odooops_dagster.model.rows import FromRow

BackupStatus = Literal["pending", "running", "stored", "verified", "failed", "dropped"]
RestorePurpose = Literal["restore", "clone", "drill", "upgrade"]
RestoreStatus = Literal["pending", "running", "succeeded", "failed"]


@dataclass(frozen=True, kw_only=True)
class Backup(FromRow):
    """A copy of an environment's database and filestore; usable only while its status is `verified`."""

    id: UUID
    project_id: UUID
    environment_id: UUID
    stage: Stage
    status: BackupStatus
    run_id: UUID | None
    attempt: int | None
    label: str | None
    manifest_url: str | None
    manifest_sha256: str | None
    format_version: int | None
    database_name: str | None
    odoo_version: str | None
    size_bytes: int | None
    stored_bytes: int | None  # bytes that it added to the store
    object_count: int | None
    git_sha: str | None
    image_digest: str | None
    metadata: Mapping[str, Any]
    requested_by: str | None
    error_message: str | None
    created_at: datetime
    taken_at: datetime | None  # the time of its data
    stored_at: datetime | None
    verified_at: datetime | None
    dropped_at: datetime | None
    drop_reason: str | None
    held_at: datetime | None
    held_by: str | None
    hold_reason: str | None
    mirror_url: str | None = None  # the store that holds a mirror of it
    mirrored_at: datetime | None = None  # when the mirror was read back whole

    @property
    def moment(self) -> datetime:
        """Return the time of its data in UTC; the creation time while it is not taken."""
        return (self.taken_at or self.created_at).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Production(FromRow):
    """A living production with its newest verified backup and its newest drill."""

    environment_id: UUID
    project_id: UUID
    project_slug: str
    name: str
    partition_key: str
    is_default_branch: bool
    is_active: bool  # its project is not archived
    has_data: bool  # deployed or adopted
    verified_backup_id: UUID | None
    verified_taken_at: datetime | None
    newest_drill_id: UUID | None
    newest_drill_passed: bool | None  # None while it works


@dataclass(frozen=True, kw_only=True)
class Restore(FromRow):
    """A use of a backup: a restore, a sanitized clone or a drill."""

    id: UUID
    backup_id: UUID
    project_id: UUID
    environment_id: UUID | None
    run_id: UUID | None
    attempt: int | None
    purpose: RestorePurpose
    status: RestoreStatus
    database_name: str | None
    previous_database_name: str | None
    keep_previous_until: datetime | None
    masking_profile: str | None
    report: Mapping[str, Any]
    requested_by: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    def is_over(self, *, now: datetime) -> bool:
        """Return whether the retention time of the replaced database is over."""
        return self.keep_previous_until is None or self.keep_previous_until <= now


@dataclass(frozen=True, kw_only=True)
class Drill(FromRow):
    """A backup restored and started as a test; `passed` is None while the drill runs."""

    id: UUID
    project_id: UUID
    backup_id: UUID
    restore_id: UUID | None
    run_id: UUID | None
    evidence_id: UUID | None
    passed: bool | None
    rto_seconds: Decimal | None
    rpo_seconds: Decimal | None
    summary: str
    report: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StoredBackup:
    """The facts of a backup after its manifest is written."""

    manifest_url: str
    manifest_sha256: str
    taken_at: datetime
    size_bytes: int
    stored_bytes: int
    object_count: int
    format_version: int
    database_name: str
    odoo_version: str
    git_sha: str | None = None
    image_digest: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CloneResult:
    """A new clone; `name` is None if a blocking check failed and the database was dropped."""

    name: str | None
    run_id: UUID
    attempt: int
    backup_id: UUID
    origin: str  # readable: the backup and its age
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str
