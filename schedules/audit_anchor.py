"""Start the anchoring of what was put on the record."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due


@dg.schedule(
    description="Every ten minutes: keeps the hashes of new entries of the record in the store.",
    job_name="audit_anchor",
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def audit_anchor(
    context: dg.ScheduleEvaluationContext, control: dg.ResourceParam[ControlPlane]
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job if something was put on the record in the last hour."""
    now = datetime.now(UTC)
    return request_if_due(
        context.instance, "audit_anchor", lambda last: control.clocks.audit_anchor_is_due(now, last_at=last)
    )
