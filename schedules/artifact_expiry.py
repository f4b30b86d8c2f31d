"""Start the removal of artifacts that no run keeps any longer."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due


@dg.schedule(
    description="Every hour: removes artifacts and uploads that have expired.",
    job_name="artifact_expiry",
    cron_schedule="37 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def artifact_expiry(
    context: dg.ScheduleEvaluationContext, control: dg.ResourceParam[ControlPlane]
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job if something has expired."""
    now = datetime.now(UTC)
    return request_if_due(
        context.instance, "artifact_expiry", lambda last: control.clocks.artifact_expiry_is_due(now, last_at=last)
    )
