"""The queue: claims the runs that wait in ops.runs and asks Dagster to start them."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from assets.jobs import JOBS, back_up, build, clone, deploy, destroy, drill, test
from assets.partitions import environments
from assets.restore import restore
from odooops_dagster import tags
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import NotFound
from odooops_dagster.model import Fence, Run
from odooops_dagster.settings import Settings

# Dagster looks at sensors every 5 s; a tick that waits this long leaves it time to answer before the next look.
WAIT_SECONDS = 4.0
# How often a waiting tick looks: the delay a push may see here, against a query of a millisecond.
LOOK_EVERY_SECONDS = 0.12


@dg.sensor(
    jobs=[deploy, build, test, destroy, back_up, clone, restore, drill],
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def ops_queue(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult | dg.SkipReason:
    """Claim what there is room for; wait a few seconds for work where there is none."""
    if is_preview(context):
        return preview([placed(control, run) for run in control.runs.peek(settings.max_concurrent_runs)])
    runs = [placed(control, run) for run in claim(control, settings, wait_seconds=WAIT_SECONDS)]
    refused = [run for run in runs if run.kind not in JOBS]
    for run in refused:
        refuse(control, run)
    launched = [run for run in runs if run.kind in JOBS]
    return requested(launched) if launched else dg.SkipReason("no run waits that there is room for")


def is_preview(context: dg.SensorEvaluationContext) -> bool:
    """Return whether the tick is a dry run from the UI, whose requests go nowhere; a real tick's log key is its id."""
    return bool(context.log_key) and not str((context.log_key or [""])[-1]).isdigit()


def preview(waiting: Sequence[Run]) -> dg.SensorResult | dg.SkipReason:
    """Return what a claim would start, without claiming: a dry run's requests are thrown away."""
    runs = [replace(run, attempt=run.attempt + 1) for run in waiting if run.kind in JOBS]
    return requested(runs) if runs else dg.SkipReason("no run waits that could start")


def claim(control: ControlPlane, settings: Settings, *, wait_seconds: float) -> list[Run]:
    """Return newly claimed runs, as soon as there are some and room for them."""
    worker, deadline = f"dagster@{socket.gethostname()}", time.monotonic() + wait_seconds
    control.workers.heartbeat(worker, kind="dagster")
    while True:
        if control.runs.peek(1):
            room = settings.max_concurrent_runs - control.runs.active_count()
            runs = control.runs.claim(worker, limit=room, lease_seconds=settings.lease_seconds) if room > 0 else []
            if runs:
                return runs
        if time.monotonic() >= deadline:
            return []
        time.sleep(LOOK_EVERY_SECONDS)


def placed(control: ControlPlane, run: Run) -> Run:
    """Return the run with a partition: what tries a backup works on no environment and is shown with the backup's."""
    if run.partition_key is not None:
        return run
    try:
        return replace(run, partition_key=control.environments.of_run(run).partition_key)
    except NotFound:
        return run  # its first step says what is missing


def requested(runs: Sequence[Run]) -> dg.SensorResult:
    """Return the requests that start these runs, and the partitions they need, added first."""
    keys = sorted({str(run.partition_key) for run in runs})
    return dg.SensorResult(
        run_requests=[request(run) for run in runs],
        dynamic_partitions_requests=[environments.build_add_request(keys)],
    )


def request(run: Run) -> dg.RunRequest:
    """Return the request that starts this attempt, once."""
    return dg.RunRequest(
        run_key=tags.run_key(run),
        job_name=JOBS[run.kind],
        partition_key=run.partition_key,
        tags=tags.tags_of(run),
    )


def refuse(control: ControlPlane, run: Run) -> None:
    """End a run that no job carries out, so that it does not wait for one forever."""
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by))
    control.runs.complete(fence, exit_code=2, error_message=f"this version has no job for runs of kind {run.kind}")
