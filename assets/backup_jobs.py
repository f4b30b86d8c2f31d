"""Jobs `verify`, `retention` and `compare`: work on backups that blocks no environment.

They have no partitions: their runs work on a backup or on a project, and start from the queue alone.
"""

from __future__ import annotations

import dagster as dg

from odooops_dagster.steps.recovery.compare import compare_records
from odooops_dagster.steps.recovery.retention import apply_policy
from odooops_dagster.steps.recovery.verify import verify_backup
from resources.run_scope import RunScope


@dg.op
def read_back(scope: dg.ResourceParam[RunScope]) -> None:
    """Read a backup from the store, and fail the run if it is damaged."""
    with scope.working("verify") as step:
        verify_backup(step)


@dg.job(description="A backup is read back from the store.")
def verify() -> None:
    """Verify a backup."""
    read_back()


@dg.op
def drop_expired(scope: dg.ResourceParam[RunScope]) -> None:
    """Drop the backups that the policy does not keep, and remove what the store no longer needs."""
    with scope.working_in_project("retention") as step:
        apply_policy(step)


@dg.job(description="A project's backups are thinned out by its retention policy.")
def retention() -> None:
    """Apply a project's retention policy."""
    drop_expired()


@dg.op
def make_review(scope: dg.ResourceParam[RunScope]) -> None:
    """Compare records of a backup with the live database, for a review."""
    with scope.working("compare") as step:
        compare_records(step)


@dg.job(description="Records of a backup are compared with the live database.")
def compare() -> None:
    """Compare a backup with the live database."""
    make_review()
