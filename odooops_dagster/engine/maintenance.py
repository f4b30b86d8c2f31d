"""The Dagster runs of maintenance jobs: at most one of each at a time, and no row in ops.runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg

from odooops_dagster.engine import tags
from odooops_dagster.engine.processes import Process
from odooops_dagster.errors import OdooOpsError

UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)

# Logs one line of progress in the run.
Report = Callable[[str], None]


def request_if_due(
    instance: dg.DagsterInstance,
    job: str,
    is_due: Callable[[datetime | None], bool],
    *,
    retry_after: timedelta = timedelta(),
) -> dg.RunRequest | dg.SkipReason:
    """Return the request for a run of the job, or why there is none.

    `is_due` gets the start of the job's last run that succeeded, None if none did. After a run that did not succeed
    none is requested before `retry_after`, counted from its end. The run key names the last run, so that two
    evaluations without a run in between start one run.
    """
    newest = next(iter(instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)), None)
    if newest is not None and not newest.dagster_run.is_finished:
        return dg.SkipReason(f"{job}: run {newest.dagster_run.run_id} is not finished")
    if not is_due(last_success_at(instance, job)):
        return dg.SkipReason(f"{job}: nothing is due")
    if newest is not None and not newest.dagster_run.is_success:
        again_at = newest.update_timestamp + retry_after
        if again_at > datetime.now(UTC):
            return dg.SkipReason(f"{job}: run {newest.dagster_run.run_id} failed; the next is at {again_at:%H:%M %Z}")
    after = newest.dagster_run.run_id if newest is not None else "none"
    return dg.RunRequest(job_name=job, run_key=f"{job} after {after}")


def last_success_at(instance: dg.DagsterInstance, job: str) -> datetime | None:
    """Return when the job's last successful run was created; None if there is none."""
    succeeded = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS])
    records = instance.get_run_records(succeeded, limit=1)
    return records[0].create_timestamp if records else None


def unfinished(instance: dg.DagsterInstance, job: str) -> list[dg.RunRecord]:
    """Return the job's unfinished runs, oldest first."""
    filters = dg.RunsFilter(job_name=job, statuses=list(UNFINISHED))
    return list(instance.get_run_records(filters, ascending=True))


@contextmanager
def working(context: dg.OpExecutionContext) -> Iterator[Report]:
    """Name this process on the run, so that its death is noticed, and yield the function that logs progress."""
    context.instance.add_run_tags(context.run_id, {tags.PROCESS: str(Process.current())})
    try:
        yield context.log.info
    except OdooOpsError as exc:
        metadata = {"hint": exc.hint} if exc.hint else {}
        raise dg.Failure(str(exc), metadata=metadata, allow_retries=False) from exc
