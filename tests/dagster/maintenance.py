"""Maintenance jobs of the tests, carried out in this process."""

from __future__ import annotations

import dagster as dg

from assets.maintenance import MAINTENANCE_JOBS


def job(name: str) -> dg.JobDefinition:
    """Return the maintenance job of this name."""
    return next(job for job in MAINTENANCE_JOBS if job.name == name)


def carry_out(instance: dg.DagsterInstance, name: str, **resources: object) -> dg.ExecuteInProcessResult:
    """Run the job with these resources; a failure is in the result."""
    return job(name).execute_in_process(instance=instance, resources=resources, raise_on_error=False)


def said(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the lines that the run logged."""
    return [entry.user_message for entry in instance.all_logs(result.run_id) if entry.dagster_event is None]
