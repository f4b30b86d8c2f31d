"""Pass each cancel request in ops.runs on to its Dagster run."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane


@dg.sensor(minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def cancellations(context: dg.SensorEvaluationContext, control: dg.ResourceParam[ControlPlane]) -> dg.SkipReason:
    """Cancel the Dagster run of every row with a cancel request; a repeat does no harm."""
    stopped = [run.dagster_run_id for run in control.runs.cancel_requested() if cancel(context, run.dagster_run_id)]
    return dg.SkipReason(f"told {len(stopped)} run(s) to stop" if stopped else "no cancel was asked for")


def cancel(context: dg.SensorEvaluationContext, dagster_run_id: str | None) -> bool:
    """Cancel the Dagster run if it is unfinished; the reconciler handles a claim without a Dagster run."""
    run = context.instance.get_run_by_id(dagster_run_id) if dagster_run_id else None
    if run is None or run.is_finished or run.status == dg.DagsterRunStatus.CANCELING:
        return False
    return bool(context.instance.run_coordinator.cancel_run(run.run_id))
