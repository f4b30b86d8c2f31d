"""How Dagster runs end: the second writer of a run's row, after the run itself."""

from __future__ import annotations

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.outcome import why_failed
from odooops_dagster.engine.tags import RUN_ID
from odooops_dagster.model import RunStatus

# A second writer has time, and each tick takes CPU from runs that start.
EVERY_SECONDS = 30


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def runs_succeeded(context: dg.RunStatusSensorContext, control: dg.ResourceParam[ControlPlane]) -> None:
    """End the row of a run that succeeded, where the run could not do so itself."""
    end_row(context, control, "succeeded")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def runs_failed(context: dg.RunStatusSensorContext, control: dg.ResourceParam[ControlPlane]) -> None:
    """End the row of a run that failed, where the run could not do so itself."""
    end_row(context, control, "failed", why_failed(context.instance, context.dagster_run.run_id))


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.CANCELED,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def runs_canceled(context: dg.RunStatusSensorContext, control: dg.ResourceParam[ControlPlane]) -> None:
    """End the row of a run that was canceled, where the run could not do so itself."""
    end_row(context, control, "canceled")


def end_row(
    context: dg.RunStatusSensorContext, control: ControlPlane, status: RunStatus, error_message: str | None = None
) -> None:
    """Write the end, once: a row that ended already, or that another Dagster run owns by now, stays as it is."""
    if RUN_ID in context.dagster_run.tags:
        control.runs.end_dagster_run(context.dagster_run.run_id, status=status, error_message=error_message)
