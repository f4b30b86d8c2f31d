"""Start the removal of images that nothing on the record needs."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due


@dg.schedule(
    description="Every hour: removes images that nothing needs, looking once a day or when somebody asked.",
    job_name="image_removal",
    cron_schedule="47 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def image_removal(
    context: dg.ScheduleEvaluationContext, control: dg.ResourceParam[ControlPlane]
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job if images may be past their time."""
    now = datetime.now(UTC)
    return request_if_due(
        context.instance, "image_removal", lambda last: control.clocks.image_removal_is_due(now, last_at=last)
    )
