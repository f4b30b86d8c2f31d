"""Values of projects, environments, pushes and services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.model.rows import FromRow
from odooops_dagster.model.sandbox import Sandbox
from odooops_dagster.model.share import Share

Stage = Literal["development", "staging", "production"]


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
    last_polled_at: datetime | None = None  # when the repository last answered
    poll_error: str | None = None  # why the last poll of the repository failed
    own_webhook_at: datetime | None = None  # when it got a webhook with a secret of its own
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Environment(FromRow):
    """The environment of a branch; the last deployment sets its database and build."""

    id: UUID
    project_id: UUID
    project_slug: str
    name: str
    branch: str
    stage: Stage
    generation: int
    partition_key: str
    status: str
    host_label: str  # the first label of its host name
    url: str | None = None
    port: int | None = None  # at which it answered before it had a host name
    database_name: str | None = None
    image_digest: str | None = None
    deployed_sha: str | None = None
    deployed_run_id: UUID | None = None
    expires_at: datetime | None = None
    is_adopted: bool = False  # it runs elsewhere and is never written
    is_pinned: bool = False  # it runs on though nobody asks for it
    wakes_on_request: bool = False  # it sleeps: its next request starts it
    last_used_at: datetime | None = None  # when it was last asked for, deployed or started
    created_at: datetime | None = None
    project_status: str = "active"

    @property
    def is_listed(self) -> bool:
        """Return whether lists show it: what is gone or going with an archived project is not asked for."""
        return self.status != "destroyed" and (self.project_status == "active" or self.status == "destroying")


@dataclass(frozen=True, kw_only=True)
class Push:
    """One change of a branch, reported by any source."""

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
class Expiry:
    """Expired data of one table: rows of a project, a month of rows, or files to be removed."""

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
        """Return the expiry in one line."""
        month = f", month {self.month}" if self.month else ""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.table_name}: {self.row_count} {self.action}{month}{detail}"


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """How one environment reaches its database; the password prints itself redacted."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str] = field(default_factory=dict)  # further libpq options, such as sslmode
    socket_folder: Path | None = None  # of the server's Unix socket on this machine; None if it is known by no socket


@dataclass(frozen=True, kw_only=True)
class Service:
    """A command that keeps running: one environment's Odoo.

    With `socket`, it inherits a Unix socket there that listens, as of sd_listen_fds(3), and with `bus` a second one,
    for the process of Odoo's bus. Without, and with a network of
    its own, it inherits one that listens on `port` of the machine's loopback. Else it listens on `port` by itself.
    `labels` are for other programs that look at its container.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path
    port: int
    log_path: Path
    sandbox: Sandbox | None  # as of a job
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    memory_mb: int = 0
    socket: Path | None = None
    bus: Path | None = None
    share: Share | None = None  # as of a job
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """The state of a service, as the runtime reports it."""

    name: str
    state: Literal["running", "stopped", "failed", "absent"]
    pid: int | None = None
    port: int | None = None
    detail: str = ""
    ended_for: str = ""  # the limit of memory for which it was last ended, as a sentence
