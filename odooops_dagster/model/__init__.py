"""Frozen values that pass between rooms."""

from __future__ import annotations

from odooops_dagster.model.backups import (
    Backup,
    BackupStatus,
    CloneResult,
    Drill,
    Production,
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
from odooops_dagster.model.tables import (
    Table,
)

__all__ = [
    "CHECKS",
    "FINISHED",
    "Backup",
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
    "Production",
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
    "Table",
    "blocking_failure",
    "checks_of",
]
