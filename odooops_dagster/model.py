"""Frozen values that pass between rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID

RunKind = Literal["build", "test", "deploy", "backup", "restore", "clone", "upgrade", "drill", "promote", "destroy"]
RunStatus = Literal["queued", "claimed", "running", "succeeded", "failed", "canceled"]
Stage = Literal["development", "staging", "production"]
LogLevel = Literal["debug", "info", "warn", "error"]
BackupStatus = Literal["pending", "running", "stored", "verified", "failed", "dropped"]
RestorePurpose = Literal["restore", "clone", "drill"]
RestoreStatus = Literal["pending", "running", "succeeded", "failed"]

FINISHED: frozenset[str] = frozenset({"succeeded", "failed", "canceled"})


class FromRow:
    """Builds a frozen value from a database row, leaving out the columns it has no field for."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the value that the row describes."""
        names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in row.items() if name in names})


@dataclass(frozen=True, kw_only=True)
class Project(FromRow):
    """One Odoo product and its repository."""

    id: UUID
    slug: str
    workspace_key: str
    odoo_version: str
    repo_url: str
    default_branch: str
    status: str
    poll_enabled: bool = True
    poll_error: str | None = None  # why the repository could not be asked the last time
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Environment(FromRow):
    """A branch made to run; names of its database and build are set by the last deployment."""

    id: UUID
    project_id: UUID
    project_slug: str
    name: str
    branch: str
    stage: Stage
    generation: int
    partition_key: str
    status: str
    url: str | None = None
    port: int | None = None
    database_name: str | None = None
    image_digest: str | None = None
    deployed_sha: str | None = None
    deployed_run_id: UUID | None = None
    expires_at: datetime | None = None
    is_adopted: bool = False  # it runs elsewhere, and is only ever read
    created_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Run(FromRow):
    """One row of the queue."""

    id: UUID
    project_id: UUID
    project_slug: str
    environment_id: UUID | None
    partition_key: str | None
    run_number: int
    kind: RunKind
    status: RunStatus
    trigger: str
    requested_by: str | None
    git_ref: str | None
    git_sha: str | None
    priority: int
    attempt: int
    max_attempts: int
    claimed_by: str | None
    dagster_run_id: str | None
    config: Mapping[str, Any]
    exit_code: int | None
    error_message: str | None
    retry_of: UUID | None
    created_at: datetime
    claimed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    lease_expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Fence:
    """What every write of a working run carries: a worker whose attempt is not the current one is refused."""

    run_id: UUID
    attempt: int
    worker_id: str


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of a run's log; without a time it is dated on arrival."""

    level: LogLevel
    message: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    logged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Push:
    """One movement of a branch, however it was learnt of."""

    repo_url: str
    ref: str  # refs/heads/feature/x
    sha: str  # all zeros for a deletion
    previous_sha: str | None = None
    forced: bool = False
    pusher: str | None = None
    source: str = "push"  # webhook, poll, cli

    @property
    def branch(self) -> str:
        """Return the branch's name without its refs/heads/ prefix."""
        return self.ref.removeprefix("refs/heads/")

    @property
    def deleted(self) -> bool:
        """Return whether the push removed the branch."""
        return set(self.sha) == {"0"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A commit checked out: its tree and the addons it brings."""

    path: Path
    git_sha: str
    tree_digest: str  # SHA-256 over every tracked file, submodules included
    addons_paths: tuple[Path, ...]
    modules: tuple[str, ...]  # the repository's own installable modules, sorted
    requirements: tuple[Path, ...]  # requirements files honoured, in order
    passed_over: tuple[tuple[str, str], ...] = ()  # folders with a manifest that are no modules, and why


@dataclass(frozen=True, kw_only=True)
class Build:
    """What runs: Odoo, a Python environment and addons, named by content."""

    digest: str  # sha256:...
    series: str
    odoo_revision: str
    python: Path
    addons_paths: tuple[Path, ...]
    modules: tuple[str, ...]  # to install and test, sorted
    closure: tuple[str, ...]  # those and everything they depend on, sorted
    source: Source
    python_digest: str = ""  # over every package and version; empty in manifests of versions that did not keep it


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """How one environment reaches its database; the password prints itself redacted."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str] = field(default_factory=dict)  # libpq's further ones, as sslmode


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command that ends: what to run, where, within which limits."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    log_path: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 3600
    memory_mb: int = 0  # 0 for no limit


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a job ended; exit_status is negative for a signal, as in subprocess."""

    exit_status: int
    timed_out: bool
    seconds: float
    log_path: Path


@dataclass(frozen=True, kw_only=True)
class Service:
    """A command that stays: one environment's Odoo. `port` is the loopback port it listens on."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    port: int
    log_path: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    memory_mb: int = 0


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """What a runtime says of a service."""

    name: str
    state: Literal["running", "stopped", "failed", "absent"]
    pid: int | None = None
    port: int | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The answer to one yes/no question; `summary` is one line for people."""

    name: str
    passed: bool
    summary: str
    blocking: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CloneResult:
    """The clone made, or `name` None where a blocking check failed and nothing was kept."""

    name: str | None
    run_id: UUID
    attempt: int
    backup_id: UUID
    origin: str  # which backup, and how old, for people
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """What went from one table because its time was over: rows of a project, a month, or files to be removed."""

    table_name: str
    action: str
    month: str | None
    project_id: UUID | None
    row_count: int
    s3_urls: tuple[str, ...]
    detail: str | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Expiry:
        """Build from a row of ops.expire_rows."""
        return cls(**{**row, "s3_urls": tuple(row["s3_urls"] or ())})

    def __str__(self) -> str:
        """Say it in a line."""
        month = f", month {self.month}" if self.month else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.table_name}: {self.row_count} {self.action}{month}{detail}"


@dataclass(frozen=True, kw_only=True)
class Backup(FromRow):
    """A copy of an environment's database and filestore; good only while it is verified."""

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
    stored_bytes: int | None  # what it added to the store
    object_count: int | None
    git_sha: str | None
    image_digest: str | None
    metadata: Mapping[str, Any]
    requested_by: str | None
    error_message: str | None
    created_at: datetime
    taken_at: datetime | None  # the moment whose data it holds
    stored_at: datetime | None
    verified_at: datetime | None
    dropped_at: datetime | None
    drop_reason: str | None
    held_at: datetime | None
    held_by: str | None
    hold_reason: str | None

    @property
    def moment(self) -> datetime:
        """Return the moment whose data it holds, or will hold, in UTC."""
        return (self.taken_at or self.created_at).astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class BackupFreshness(FromRow):
    """How old what could be restored of an environment is; only a backup that was read back counts."""

    project_id: UUID
    project_slug: str
    environment_id: UUID
    environment_name: str
    stage: Stage
    verified_backup_id: UUID | None
    verified_taken_at: datetime | None
    newest_status: BackupStatus | None
    newest_error: str | None
    max_age: timedelta
    is_fresh: bool


@dataclass(frozen=True, kw_only=True)
class Restore(FromRow):
    """A use of a backup: restored, cloned with its data made harmless, or tried in a drill."""

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
        """Return whether the time is over for which the replaced database was promised to be there."""
        return self.keep_previous_until is None or self.keep_previous_until <= now


@dataclass(frozen=True, kw_only=True)
class Drill(FromRow):
    """A backup restored and booted to prove it; `passed` is empty while it is tried."""

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
    """What is known of a backup once its manifest is written."""

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
class Evidence:
    """Bytes kept under their SHA-256 and the row that points to them."""

    key: str
    url: str
    sha256: str
    size_bytes: int
    content_type: str
