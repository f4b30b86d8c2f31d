"""The checks of assets, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from odooops_dagster.model.failures import Failure

# The metadata key that is false where the question could not be asked.
ASKED = "asked"
# The metadata key of every failure, as `Failure.to_row`, where an answer has several; `failure` is the first of them.
FAILURES = "failures"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The answer to one yes/no question; `summary` is one line for people."""

    name: str
    passed: bool
    summary: str
    blocking: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None  # where in the repository the answer is no

    @property
    def is_asked(self) -> bool:
        """Return whether the question was asked; one that follows from an earlier failure was not."""
        return self.metadata.get(ASKED) is not False

    def to_metadata(self) -> Mapping[str, Any]:
        """Return what is stored beside the answer: the metadata, and the failure as data."""
        return {**self.metadata, **({"failure": self.failure.to_row()} if self.failure else {})}


@dataclass(frozen=True)
class CheckSpec:
    """A check of an asset; a failed blocking check ends the run."""

    asset: str
    name: str
    question: str
    blocking: bool = True


# Every check: its asset, its name in the record and in Dagster, and its question for people.
CHECKS = (
    # Only where odooops.yaml names the series to move to.
    CheckSpec(
        "image",
        "upgrade_advisories",
        "Nothing that the repository uses goes away up to the series that it is to move to.",
        blocking=False,
    ),
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
    CheckSpec("deployment", "prints", "The new build prints a report.", blocking=False),
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
    # The promotion of a red build is refused by the record, not by the preview's own run.
    CheckSpec("upgrade_report", "upgrade_not_red", "Nothing in the preview forbids the upgrade.", blocking=False),
)


def checks_of(asset: str) -> tuple[CheckSpec, ...]:
    """Return the checks of an asset, in order."""
    return tuple(spec for spec in CHECKS if spec.asset == asset)


def question_of(name: str, *, of_drill: bool = False) -> str:
    """Return what the check asks, for people; a drill asks some of the same name about the restored data."""
    asked = [spec for spec in CHECKS if spec.name == name]
    chosen = [spec for spec in asked if (spec.asset == "recovery_drill") == of_drill] or asked
    return chosen[0].question if chosen else name.replace("_", " ")


def answer_of(row: Mapping[str, Any]) -> str:
    """Return the answer of a recorded check in one word or two: passed, failed, not asked, or warning.

    A warning is an answer of no that stops nothing.
    """
    if row["metadata"].get(ASKED) is False:
        return "not asked"
    return "passed" if row["passed"] else "failed" if row["blocking"] else "warning"


def blocking_failure(results: Iterable[CheckResult]) -> CheckResult | None:
    """Return the first blocking check that failed."""
    return next((result for result in results if result.blocking and not result.passed), None)
