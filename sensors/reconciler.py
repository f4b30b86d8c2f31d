"""ops.runs against Dagster's runs: the second writer of a run's end, after the run itself.

A row is kept alive while a live Dagster run carries its id and attempt; it is given back to the queue when none does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.engine.outcome import why_failed
from odooops_dagster.engine.processes import Process
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Run, RunStatus
from odooops_dagster.settings import Settings

# Dagster's words for a run that should have a process soon, or has one; only a queued one may wait long.
WORKING = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
# A run process says who it is within seconds of its launch; one that has not by now died before it could.
SILENT_SECONDS = 60.0

ENDED: dict[dg.DagsterRunStatus, RunStatus] = {
    dg.DagsterRunStatus.SUCCESS: "succeeded",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "canceled",
}

Live = dict[tuple[UUID, int], dg.RunRecord]


@dg.sensor(minimum_interval_seconds=10, default_status=dg.DefaultSensorStatus.RUNNING)
def reconciler(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Mend what a crash left between the two; mending twice changes nothing."""
    # Rows first: a Dagster run that ends meanwhile has written its row's end before Dagster's own.
    rows = control.runs.active()
    live = live_runs(context.instance)
    mended = []
    for row in rows:
        try:
            mended += list(reconcile(context.instance, control, settings, row, live.get((row.id, row.attempt))))
        except OdooOpsError as exc:
            # The row moved on while we looked; the next look sees where to.
            context.log.info("%s: %s", name(row), exc)
    spared = [run_id for run_id, _ in live_runs(context.instance)]
    expired = control.runs.requeue_expired(spare=spared)
    mended += [f"{len(expired)} expired lease(s) ended"] if expired else []
    return dg.SkipReason("; ".join(mended) or f"{len(rows)} run(s) at work, nothing to mend")


def live_runs(instance: dg.DagsterInstance) -> Live:
    """Return Dagster's unfinished runs by the row and attempt that they work on."""
    records = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, *WORKING]))
    fences = [(record, tags.fence_of(record.dagster_run.tags)) for record in records]
    return {(fence.run_id, fence.attempt): record for record, fence in fences if fence is not None}


def reconcile(
    instance: dg.DagsterInstance, control: ControlPlane, settings: Settings, row: Run, record: dg.RunRecord | None
) -> Iterator[str]:
    """Mend one row and say what was done; say nothing where nothing was."""
    if record is None:
        yield from without_dagster_run(instance, control, row)
    elif not is_gone(record):
        if row.status == "claimed":
            renew(control, settings, row, record)
    elif is_expired(row):
        # Not before: a code server that lives tells Dagster of a dead worker at once, and then the run has failed.
        yield from give_back(instance, control, row, record.dagster_run)


def without_dagster_run(instance: dg.DagsterInstance, control: ControlPlane, row: Run) -> Iterator[str]:
    """End the row as its Dagster run ended, or give it back where it never had one."""
    run = instance.get_run_by_id(row.dagster_run_id) if row.dagster_run_id else None
    status = ENDED.get(run.status) if run is not None else None
    if run is not None and status is not None:
        reason = why_failed(instance, run.run_id) if status == "failed" else None
        control.runs.end_dagster_run(run.run_id, status=status, error_message=reason)
        yield f"{name(row)} {status} as Dagster has it"
    elif row.dagster_run_id is not None or is_expired(row):
        control.runs.requeue(row.id, attempt=row.attempt, reason="no Dagster run works on it")
        yield f"{name(row)} given back: no Dagster run works on it"


def give_back(instance: dg.DagsterInstance, control: ControlPlane, row: Run, run: dg.DagsterRun) -> Iterator[str]:
    """End a Dagster run whose process is gone; its row first, so that after a kill in between it is looked at again."""
    reason = "the process that worked on it is gone"
    if run.status == dg.DagsterRunStatus.CANCELING:
        control.runs.end_dagster_run(run.run_id, status="canceled", error_message=None)
        instance.report_run_canceled(run, message=reason)
    else:
        control.runs.requeue(row.id, attempt=row.attempt, reason=reason)
        instance.report_run_failed(run, message=reason)
    yield f"{name(row)}: {reason}"


def renew(control: ControlPlane, settings: Settings, row: Run, record: dg.RunRecord) -> None:
    """Keep the claim of a run that waits for Dagster to start it."""
    control.runs.renew(
        row.id,
        attempt=row.attempt,
        dagster_run_id=record.dagster_run.run_id,
        lease_seconds=settings.lease_seconds,
    )


def is_gone(record: dg.RunRecord) -> bool:
    """Return whether the process that should work on the run is known to be dead."""
    run = record.dagster_run
    if run.status == dg.DagsterRunStatus.QUEUED:
        return False
    told = run.tags.get(tags.PROCESS)
    if told is None:
        return time.time() - record.update_timestamp.timestamp() > SILENT_SECONDS
    return Process.parse(told).is_gone()


def is_expired(row: Run) -> bool:
    """Return whether nobody has spoken for the row since its lease began."""
    return row.lease_expires_at is not None and row.lease_expires_at.timestamp() < time.time()


def name(row: Run) -> str:
    """Return what people call the run."""
    return f"{row.project_slug} #{row.run_number}"
