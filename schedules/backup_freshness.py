"""Watch the age of each production's newest verified backup."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import back_up
from odooops_dagster.control import ControlPlane


@dg.schedule(
    description="Every ten minutes: opens an incident for each production without a fresh backup.",
    job=back_up,
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def backup_freshness(control: dg.ResourceParam[ControlPlane]) -> dg.SkipReason:
    """Open an incident for each production with stale backups, and resolve it when they are fresh again."""
    return dg.SkipReason("; ".join(control.clocks.watch_freshness(datetime.now(UTC))) or "no alarm begins or ends")
