"""Destroy previews that have had no push for a long time."""

from __future__ import annotations

import dagster as dg

from assets.jobs import destroy
from odooops_dagster.control import ControlPlane


@dg.schedule(
    description="Every ten minutes: queues the destruction of expired previews.",
    job=destroy,
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def environment_expiry(control: dg.ResourceParam[ControlPlane]) -> dg.SkipReason:
    """Queue the destruction of expired previews; the queue starts it like any other run."""
    queued = control.environments.expire()
    return dg.SkipReason(f"{len(queued)} preview(s) expired" if queued else "no preview has expired")
