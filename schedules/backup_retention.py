"""Apply the backup retention of the projects in which there may be something to do."""

from __future__ import annotations

import dagster as dg

from assets.backup_jobs import retention
from odooops_dagster.control import ControlPlane


@dg.schedule(
    description="Every hour: queues the retention of the projects' backups that is due.",
    job=retention,
    cron_schedule="47 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def backup_retention(control: dg.ResourceParam[ControlPlane]) -> dg.SkipReason:
    """Queue the retention runs that are due; the queue starts them like any other run."""
    queued = control.retention.queue_due()
    return dg.SkipReason(f"{len(queued)} retention run(s) queued" if queued else "retention has nothing to do")
