"""Pass each cancel request in ops.runs on to its Dagster run."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.announced import rest_from_runs
from odooops_dagster.engine.waiting import WAIT_SECONDS, cancel_looks
from odooops_dagster.settings import Settings


@dg.sensor(
    description="Cancels the Dagster runs of rows that somebody asked to cancel.",
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def cancellations(
    context: dg.SensorEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Cancel the Dagster run of every row with a cancel request, for some seconds; a repeat does no harm."""
    stopped: set[str | None] = set()
    for _ in cancel_looks.until(WAIT_SECONDS, home=settings.home, rest=rest_from_runs(control, settings)):
        if not control.runs.active_count():
            continue  # the usual case, answered by an index
        cancel_looks.note_work()
        asked = control.runs.cancel_requested()
        stopped |= {run.dagster_run_id for run in asked if cancel(context, run.dagster_run_id)}
    return dg.SkipReason(f"told {len(stopped)} run(s) to stop" if stopped else "no cancel was asked for")


def cancel(context: dg.SensorEvaluationContext, dagster_run_id: str | None) -> bool:
    """Cancel the Dagster run if it is unfinished; the reconciler handles a claim without a Dagster run."""
    run = context.instance.get_run_by_id(dagster_run_id) if dagster_run_id else None
    if run is None or run.is_finished or run.status == dg.DagsterRunStatus.CANCELING:
        return False
    return bool(context.instance.run_coordinator.cancel_run(run.run_id))
