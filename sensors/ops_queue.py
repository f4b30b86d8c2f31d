"""Claim the runs that wait in ops.runs and request their start from Dagster."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf

import dagster as dg

from assets.jobs import JOBS
from assets.partitions import environments
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.engine.announced import rest_from_runs
from odooops_dagster.engine.outcome import one_line
from odooops_dagster.engine.waiting import WAIT_SECONDS, cancel_looks, queue_looks
from odooops_dagster.errors import BadInput, NotFound, OdooOpsError
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Fence, Run
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import line

# As many removals, stops and starts are at work whatever else is: they wait behind no build. Each is a process.
SHORT_RUNS_AT_ONCE = 2
# How often the queue is told that somebody claims; people are told after two minutes that nobody does.
_BEAT_SECONDS = 20.0
# Faults of the run itself; if the control plane does not answer, the claim expires and the run waits again.
_CANNOT_START = (BadInput, NotFound)


@dg.sensor(
    description="Starts the queued runs for which there is room, and waits some seconds for work where there is none.",
    jobs=JOBS,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def ops_queue(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult | dg.SkipReason:
    """Claim as many runs as there is room for; if there are none, wait some seconds for work."""
    if is_preview(context):
        return preview(control, control.runs.peek(settings.max_concurrent_runs))
    runs = admitted(control, claim(control, settings, wait_seconds=WAIT_SECONDS))
    return requested(runs) if runs else dg.SkipReason("no run waits that there is room for")


def is_preview(context: dg.SensorEvaluationContext) -> bool:
    """Return whether the tick is a dry run from the UI; the log key of a real tick ends with the tick's id."""
    return bool(context.log_key) and not str((context.log_key or [""])[-1]).isdigit()


def preview(control: ControlPlane, waiting: Sequence[Run]) -> dg.SensorResult | dg.SkipReason:
    """Return the requests that a claim would make, without claiming: Dagster discards a dry run's requests."""
    runs = []
    for run in waiting:
        with suppress(*_CANNOT_START):
            runs.append(replace(startable(control, run), attempt=run.attempt + 1))
    return requested(runs) if runs else dg.SkipReason("no run waits that could start")


def claim(control: ControlPlane, settings: Settings, *, wait_seconds: float) -> list[Run]:
    """Claim short runs as soon as they wait, others when there is room, and return them; empty after `wait_seconds`.

    A stack that stops waits for this tick, and would give back what it claims.
    """
    worker, beat_at = f"dagster@{socket.gethostname()}", -inf
    rest = rest_from_runs(control, settings)
    for _ in queue_looks.until(wait_seconds, home=settings.home, rest=rest, glance=lambda: line.wanted(settings.home)):
        if time.monotonic() - beat_at >= _BEAT_SECONDS:
            control.workers.heartbeat(worker, kind="dagster")
            beat_at = time.monotonic()
        wake(control, settings)
        if not control.runs.peek(1):  # one statement answers for short runs too: they can start as others can
            continue
        queue_looks.note_work()
        runs = control.runs.claim_short_runs(worker, at_once=SHORT_RUNS_AT_ONCE, lease_seconds=settings.lease_seconds)
        room = settings.max_concurrent_runs - control.runs.active_count()
        runs += control.runs.claim(worker, limit=room, lease_seconds=settings.lease_seconds) if room > 0 else []
        if runs:
            cancel_looks.note_work(is_new=True)
            return runs
    return []


def wake(control: ControlPlane, settings: Settings) -> None:
    """Queue the start of sleeping environments that the router was asked for; a mark goes when its start is queued."""
    labels = line.wanted(settings.home)
    if labels:
        control.environments.wake(labels)
        line.forget_wanted(settings.home, labels)
        queue_looks.note_work()


def admitted(control: ControlPlane, claimed: Sequence[Run]) -> list[Run]:
    """Return the claimed runs that can start; end the others with the reason in their rows."""
    runs = []
    for run in claimed:
        try:
            runs.append(startable(control, run))
        except _CANNOT_START as exc:
            refuse(control, run, exc)
    return runs


def startable(control: ControlPlane, run: Run) -> Run:
    """Return the run with everything that Dagster needs to start it.

    Raises:
        BadInput: this version has no job for the run's kind, or the run's config is invalid.
        NotFound: the run has neither an environment nor a backup of one.
    """
    kind = KINDS[run.kind]
    if kind.job is None:
        raise BadInput(f"this version has no job for runs of kind {run.kind}", hint="end it elsewhere: ops.finish_run")
    kind.config.of(run)
    return placed(control, run)


def placed(control: ControlPlane, run: Run) -> Run:
    """Return the run with the partition of its job: a drill has no environment and gets that of the backup's."""
    if run.partition_key is not None or not KINDS[run.kind].has_partitions:
        return run
    return replace(run, partition_key=control.environments.of_run(run).partition_key)


def requested(runs: Sequence[Run]) -> dg.SensorResult:
    """Return the requests that start these runs and that first add the partitions they need."""
    keys = sorted({run.partition_key for run in runs if run.partition_key is not None})
    return dg.SensorResult(
        run_requests=[request(run) for run in runs],
        dynamic_partitions_requests=[environments.build_add_request(keys)] if keys else [],
    )


def request(run: Run) -> dg.RunRequest:
    """Return the request that starts this attempt only once."""
    return dg.RunRequest(
        run_key=tags.run_key(run),
        job_name=KINDS[run.kind].job,
        partition_key=run.partition_key,
        tags=tags.tags_of(run),
    )


def refuse(control: ControlPlane, run: Run, why: OdooOpsError) -> None:
    """End a run that cannot start, with the reason, so that it does not wait for ever."""
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id=str(run.claimed_by))
    control.runs.complete(fence, exit_code=2, error_message=one_line(why))
