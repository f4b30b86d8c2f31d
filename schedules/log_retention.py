"""Remove log lines, deliveries and months of events that their project no longer keeps."""

from __future__ import annotations

import dagster as dg

from assets.jobs import destroy
from odooops_dagster.control import ControlPlane
from odooops_dagster.steps.upkeep.expire import expire_rows

# Dagster limits an evaluation to a minute; the rest waits for the next hour.
PATIENCE_SECONDS = 30.0


@dg.schedule(job=destroy, cron_schedule="17 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def log_retention(control: dg.ResourceParam[ControlPlane]) -> dg.SkipReason:
    """Remove expired rows; the result, kept in Dagster's own database, holds the checkpoints' hashes."""
    done = expire_rows(control, patience_seconds=PATIENCE_SECONDS)
    return dg.SkipReason("; ".join(map(str, done)) or "nothing is past its time")
