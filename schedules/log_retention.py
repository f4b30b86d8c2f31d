"""Start the removal of log lines, deliveries and months of events that their project no longer keeps."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due


@dg.schedule(
    description="Every hour: removes expired log lines and events, and makes the partitions of months to come.",
    job_name="log_retention",
    cron_schedule="17 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def log_retention(
    context: dg.ScheduleEvaluationContext, control: dg.ResourceParam[ControlPlane]
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job if something has expired or a partition is missing."""
    now = datetime.now(UTC)
    return request_if_due(
        context.instance, "log_retention", lambda last: control.clocks.log_retention_is_due(now, last_at=last)
    )
