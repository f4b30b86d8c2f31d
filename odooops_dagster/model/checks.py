"""The checks of assets, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The answer to one yes/no question; `summary` is one line for people."""

    name: str
    passed: bool
    summary: str
    blocking: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSpec:
    """A check of an asset; a failed blocking check ends the run."""

    asset: str
    name: str
    question: str
    blocking: bool = True


# Every check: its asset, its name in the record and in Dagster, and its question for people.
CHECKS = (
    CheckSpec("prod_clone", "clone_harmless", "The copy reaches nobody and holds no secret of production."),
    # The project's policy decides whether a module without a neutralization script stops the clone.
    CheckSpec(
        "prod_clone",
        "neutralization_coverage",
        "Every module brings a script that neutralises it, or comes with Odoo.",
        blocking=False,
    ),
    CheckSpec("database", "modules_installed", "Every module of the repository is installed."),
    CheckSpec("database", "module_tests_passed", "The repository's own tests ran and none failed."),
    CheckSpec("database", "log_clean", "Odoo logged no error while it installed."),
    CheckSpec("deployment", "healthy", "The new build answers people."),
    CheckSpec(
        "backup", "backup_verified", "The store holds what was written, and the server of the environments takes it."
    ),
    # The project's policy decides whether attachments in an object store make the backup fail.
    CheckSpec("backup", "attachments_elsewhere", "No attachment is in an object store, out of reach.", blocking=False),
    CheckSpec(
        "backup", "left_out", "The server of the environments takes everything that the dump has.", blocking=False
    ),
    CheckSpec(
        "backup", "filestore_complete", "Production has every file of which its database speaks.", blocking=False
    ),
    CheckSpec(
        "recovery_drill", "rows_complete", "Every table has the rows that were counted in the moment of the backup."
    ),
    CheckSpec("recovery_drill", "left_out", "The server takes everything that the dump has.", blocking=False),
    CheckSpec("recovery_drill", "files_complete", "Every file is there and hashes to its name."),
    CheckSpec("recovery_drill", "healthy", "The backup's build answers with the restored data."),
    CheckSpec("recovery_drill", "attachment_readable", "Odoo hands out an attachment as it was attached."),
)


def checks_of(asset: str) -> tuple[CheckSpec, ...]:
    """Return the checks of an asset, in order."""
    return tuple(spec for spec in CHECKS if spec.asset == asset)


def blocking_failure(results: Iterable[CheckResult]) -> CheckResult | None:
    """Return the first blocking check that failed."""
    return next((result for result in results if result.blocking and not result.passed), None)
