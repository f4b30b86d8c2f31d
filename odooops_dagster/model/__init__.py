"""Frozen values that pass between rooms."""

from __future__ import annotations

from odooops_dagster.model.backups import (
    Backup,
    BackupFreshness,
    BackupStatus,
    CloneResult,
    Drill,
    Restore,
    RestorePurpose,
    RestoreStatus,
    StoredBackup,
)
from odooops_dagster.model.builds import (
    Build,
    Job,
    JobResult,
    Source,
)
from odooops_dagster.model.checks import (
    CHECKS,
    CheckResult,
    CheckSpec,
    blocking_failure,
    checks_of,
)
from odooops_dagster.model.environments import (
    DatabaseAccess,
    Environment,
    Expiry,
    Project,
    Push,
    Service,
    ServiceStatus,
    Stage,
)
from odooops_dagster.model.rows import (
    FromRow,
)
from odooops_dagster.model.runs import (
    FINISHED,
    Evidence,
    Fence,
    LogLevel,
    LogLine,
    Run,
    RunKind,
    RunStatus,
)
from odooops_dagster.model.sandbox import (
    Limits,
    Sandbox,
)

__all__ = [
    "CHECKS",
    "FINISHED",
    "Backup",
    "BackupFreshness",
    "BackupStatus",
    "Build",
    "CheckResult",
    "CheckSpec",
    "CloneResult",
    "DatabaseAccess",
    "Drill",
    "Environment",
    "Evidence",
    "Expiry",
    "Fence",
    "FromRow",
    "Job",
    "JobResult",
    "Limits",
    "LogLevel",
    "LogLine",
    "Project",
    "Push",
    "Restore",
    "RestorePurpose",
    "RestoreStatus",
    "Run",
    "RunKind",
    "RunStatus",
    "Sandbox",
    "Service",
    "ServiceStatus",
    "Source",
    "Stage",
    "StoredBackup",
    "blocking_failure",
    "checks_of",
]
