"""Cancels asked for in ops.runs: each reaches its Dagster run."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane


@dg.sensor(minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def cancellations(context: dg.SensorEvaluationContext, control: dg.ResourceParam[ControlPlane]) -> dg.SkipReason:
    """Tell Dagster to end every run whose cancel was asked for; telling it twice does no harm."""
    told = [run.dagster_run_id for run in control.runs.cancel_requested() if cancel(context, run.dagster_run_id)]
    return dg.SkipReason(f"told {len(told)} run(s) to stop" if told else "no cancel was asked for")


def cancel(context: dg.SensorEvaluationContext, dagster_run_id: str | None) -> bool:
    """Cancel the Dagster run where there is one at work; a claim that never became one is the reconciler's."""
    run = context.instance.get_run_by_id(dagster_run_id) if dagster_run_id else None
    if run is None or run.is_finished or run.status == dg.DagsterRunStatus.CANCELING:
        return False
    return bool(context.instance.run_coordinator.cancel_run(run.run_id))
