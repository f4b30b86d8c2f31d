"""The clock that asks for the nightly backups; the job `back_up` makes them."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import back_up
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings


# Every ten minutes, not once at the hour: a platform that was down at the hour catches up after its start.
@dg.schedule(
    description="Every ten minutes: queues the night's backups that are due and not queued yet.",
    job=back_up,
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def backups_due(control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Queue the night's backups that are not queued yet; the queue starts them like any other run."""
    asked = control.clocks.queue_nightly_backups(
        datetime.now(UTC), hour=settings.backup_hour, time_zone=settings.time_zone
    )
    count = sum(queued.refusal is None for queued in asked)
    refused = [f"{queued.partition_key}: {queued.refusal}" for queued in asked if queued.refusal is not None]
    said = f"{count} backup(s) queued" if count else "every backup is queued"
    return dg.SkipReason("; ".join([said, *refused]))
