"""Values of runs, their log lines and their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model.rows import FromRow

RunKind = Literal[
    "build",
    "test",
    "deploy",
    "backup",
    "restore",
    "clone",
    "upgrade",
    "drill",
    "promote",
    "rehearse",
    "destroy",
    "stop",
    "start",
    "verify",
    "retention",
    "compare",
]
RunStatus = Literal["queued", "claimed", "running", "succeeded", "failed", "canceled"]
# The side that has to act on a failed run: `project`, the person who pushed; `platform`, the operator.
Fault = Literal["project", "platform"]
LogLevel = Literal["debug", "info", "warn", "error"]
FINISHED: frozenset[str] = frozenset({"succeeded", "failed", "canceled"})


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
    fault: Fault | None = None  # of a failed run; claims return none
    retry_of: UUID | None
    created_at: datetime
    claimed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    lease_expires_at: datetime | None

    @property
    def name(self) -> str:
        """Return the run's name for people, `project#number`."""
        return f"{self.project_slug}#{self.run_number}"


@dataclass(frozen=True, kw_only=True)
class Fence:
    """The token in every write of a working run; the database refuses an attempt that is not the current one."""

    run_id: UUID
    attempt: int
    worker_id: str


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of a run's log; without `logged_at`, it gets the time of its arrival."""

    level: LogLevel
    message: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    logged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A stored file of a run, identified by its SHA-256."""

    key: str
    url: str
    sha256: str
    size_bytes: int
    content_type: str
