"""Reconcile ops.runs with Dagster's runs: the second writer of a run's end, after the run itself.

A row stays alive while a live Dagster run carries its id and attempt; it is requeued when none does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.engine.announced import rest_from_runs
from odooops_dagster.engine.kept import keep_assets
from odooops_dagster.engine.lost import GONE, RESTORED, is_expired
from odooops_dagster.engine.maintenance import unfinished
from odooops_dagster.engine.outcome import why_failed
from odooops_dagster.engine.processes import Process
from odooops_dagster.engine.switches import watch_switches
from odooops_dagster.engine.waiting import WAIT_SECONDS, end_ticks, repair_looks
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.kinds import MAINTENANCE
from odooops_dagster.model import Run, RunStatus
from odooops_dagster.settings import Settings

# Dagster's statuses of a run that has a process or should have one soon; only a queued run may wait long.
WORKING = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
# A run's process writes its tag within seconds of its launch; without a tag by now, it died before that.
SILENT_SECONDS = 60.0

ENDED: dict[dg.DagsterRunStatus, RunStatus] = {
    dg.DagsterRunStatus.SUCCESS: "succeeded",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "canceled",
}

Live = dict[tuple[UUID, int], dg.RunRecord]


@dg.sensor(
    description="Repairs what a crash left different between Dagster and the queue.",
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def reconciler(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Repair for some seconds what a crash left different between the two; a repeat changes nothing."""
    said: list[str] = []
    for _ in repair_looks.until(WAIT_SECONDS, home=settings.home, rest=rest_from_runs(control, settings)):
        said += mend(context, control, settings)
    return dg.SkipReason("; ".join(said) or "nothing to mend")


def mend(context: dg.SensorEvaluationContext, control: ControlPlane, settings: Settings) -> list[str]:
    """Repair every difference of now, and return a line for each."""
    mended = end_restored(context.instance, control)
    # Rows first: a Dagster run that ends meanwhile writes its row's end before Dagster's own.
    rows = control.runs.active()
    live = live_runs(context.instance)
    for row in rows:
        try:
            mended += list(reconcile(context.instance, control, settings, row, live.get((row.id, row.attempt))))
        except OdooOpsError as exc:
            # The row changed meanwhile; the next look reads its new state.
            context.log.info("%s: %s", name(row), exc)
    spared = [run_id for run_id, _ in live_runs(context.instance)]
    expired = control.runs.requeue_expired(spare=spared)
    mended += [f"{len(expired)} expired lease(s) ended"] if expired else []
    settled = control.gates.settle()
    mended += [f"{settled} gate(s) changed with time"] if settled else []
    mended += end_dead_maintenance(context.instance)
    off = watch_switches(context.instance, control)
    end_ticks(off)
    return mended + ([f"switched off: {', '.join(off)}"] if off else [])


def end_restored(instance: dg.DagsterInstance, control: ControlPlane) -> list[str]:
    """End the runs that came back unfinished with a backup of the platform: nobody works on them, on no machine."""
    restored_at = control.plane.get().restored_at
    if restored_at is None:
        return []
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, *WORKING], created_before=restored_at)
    records = instance.get_run_records(filters)
    for record in records:
        instance.report_run_canceled(record.dagster_run, message=RESTORED)
    return [f"{len(records)} run(s): {RESTORED}"] if records else []


def end_dead_maintenance(instance: dg.DagsterInstance) -> list[str]:
    """End the maintenance runs whose process is gone, so that the next run of their job may start."""
    gone = [record.dagster_run for job in MAINTENANCE for record in unfinished(instance, job) if is_gone(record)]
    for run in gone:
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, message=GONE)
        else:
            instance.report_run_failed(run, message=GONE)
    return [f"{run.job_name}: {GONE}" for run in gone]


def live_runs(instance: dg.DagsterInstance) -> Live:
    """Return Dagster's unfinished runs by the row and attempt on which they work."""
    records = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, *WORKING]))
    fences = [(record, tags.fence_of(record.dagster_run.tags)) for record in records]
    return {(fence.run_id, fence.attempt): record for record, fence in fences if fence is not None}


def reconcile(
    instance: dg.DagsterInstance, control: ControlPlane, settings: Settings, row: Run, record: dg.RunRecord | None
) -> Iterator[str]:
    """Repair one row and yield a line for each change."""
    if record is None:
        yield from without_dagster_run(instance, control, settings, row)
    elif not is_gone(record):
        if row.status == "claimed":
            renew(control, settings, row, record)
    elif is_expired(row):
        # Not earlier: what started a process reports its death to Dagster at once, and then the run has failed.
        yield from give_back(instance, control, row, record.dagster_run)


def without_dagster_run(
    instance: dg.DagsterInstance, control: ControlPlane, settings: Settings, row: Run
) -> Iterator[str]:
    """End the row like its Dagster run, or requeue it if no Dagster run works on it."""
    run = instance.get_run_by_id(row.dagster_run_id) if row.dagster_run_id else None
    status = ENDED.get(run.status) if run is not None else None
    if run is not None and status is not None:
        reason = why_failed(instance, run.run_id) if status == "failed" else None
        control.runs.end_dagster_run(run.run_id, status=status, error_message=reason)
        if reason is not None and row.environment_id is not None:
            environment, project = control.environments.of_run(row), control.projects.get(row.project_slug)
            keep_assets(instance, run.run_id, environment, project, reason=reason, settings=settings)
        yield f"{name(row)} {status} as Dagster has it"
    elif row.dagster_run_id is not None or is_expired(row):
        control.runs.requeue(row.id, attempt=row.attempt, reason="no Dagster run works on it")
        yield f"{name(row)} given back: no Dagster run works on it"


def give_back(instance: dg.DagsterInstance, control: ControlPlane, row: Run, run: dg.DagsterRun) -> Iterator[str]:
    """End a Dagster run whose process is gone; change its row first, so that a kill in between is repaired later."""
    if run.status == dg.DagsterRunStatus.CANCELING:
        control.runs.end_dagster_run(run.run_id, status="canceled", error_message=None)
        instance.report_run_canceled(run, message=GONE)
    else:
        control.runs.requeue(row.id, attempt=row.attempt, reason=GONE)
        instance.report_run_failed(run, message=GONE)
    yield f"{name(row)}: {GONE}"


def renew(control: ControlPlane, settings: Settings, row: Run, record: dg.RunRecord) -> None:
    """Renew the claim of a run that waits for Dagster to start it."""
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
    told = tags.told(run.tags, tags.PROCESS)
    if told is None:
        return time.time() - record.update_timestamp.timestamp() > SILENT_SECONDS
    return Process.parse(told).is_gone()


def name(row: Run) -> str:
    """Return the run's name for people: project and run number."""
    return f"{row.project_slug} #{row.run_number}"
