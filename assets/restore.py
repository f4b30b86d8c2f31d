"""Job `restore`: replace an environment's data, or a part of them, with a backup."""

from __future__ import annotations

import dagster as dg

from assets.partitions import environments
from assets.report import rendered
from odooops_dagster.model import blocking_failure
from odooops_dagster.steps.recovery.restore import restore_environment
from resources.run_scope import RunScope

CODE_VERSION = "1"


# Dagster knows the op by this name: a restore that waits in its queue during an upgrade is planned with it.
@dg.op(name="bring_back")
def restore_op(scope: dg.ResourceParam[RunScope]) -> None:
    """Restore, record the checks, and fail the run if a blocking check failed."""
    with scope.working("restore") as step:
        made = restore_environment(step)
        for check in made.checks:
            scope.record_check(check)
        failed = blocking_failure(made.checks)
        if failed is not None:
            raise dg.Failure(failed.summary, metadata=rendered({"check": failed.name, **made.metadata}))
        scope.record_lineage(
            "database",
            code_version=CODE_VERSION,
            data_version=made.data_version,
            inputs={"backup": str(made.metadata.get("backup")), "replaced": str(made.metadata.get("replaced"))},
        )


@dg.job(partitions_def=environments, description="A backup takes over; what served before is kept for a while.")
def restore() -> None:
    """Restore an environment's data from a backup."""
    restore_op()
