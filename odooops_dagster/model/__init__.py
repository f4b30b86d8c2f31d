"""Frozen values that pass between rooms; a file is imported at the first use of one of its names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        ASKED,
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
    from odooops_dagster.model.failures import (
        Failure,
        FailureKind,
        Frame,
    )
    from odooops_dagster.model.rows import (
        FromRow,
    )
    from odooops_dagster.model.runs import (
        FINISHED,
        Evidence,
        Fault,
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
    from odooops_dagster.model.share import (
        Share,
    )
    from odooops_dagster.model.tables import (
        Table,
    )

__all__ = [
    "ASKED",
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
    "Failure",
    "FailureKind",
    "Fault",
    "Fence",
    "Frame",
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
    "Share",
    "Source",
    "Stage",
    "StoredBackup",
    "Table",
    "blocking_failure",
    "checks_of",
]

# The same names by file, as they are looked up: a command needs few of them, and its help none.
_FILES = {
    "backups": "Backup BackupStatus CloneResult Drill Production Restore RestorePurpose RestoreStatus StoredBackup",
    "builds": "Build Job JobResult Source",
    "checks": "ASKED CHECKS CheckResult CheckSpec blocking_failure checks_of",
    "environments": "DatabaseAccess Environment Expiry Project Push Service ServiceStatus Stage",
    "failures": "Failure FailureKind Frame",
    "rows": "FromRow",
    "runs": "FINISHED Evidence Fault Fence LogLevel LogLine Run RunKind RunStatus",
    "sandbox": "Limits Sandbox",
    "share": "Share",
    "tables": "Table",
}
_FILE_OF = {name: file for file, names in _FILES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Import the name's file, and keep the name."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_FILE_OF[name]}"), name)
    return value
