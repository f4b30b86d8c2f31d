"""The clock that asks for the weekly drills; the job `drill` makes them."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import drill
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings


# Evaluated every hour, queued once a week: a machine that was off at one hour queues its drills at the next.
@dg.schedule(
    description="Every hour: queues the week's drills that are due and not queued yet.",
    job=drill,
    cron_schedule="23 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def drills_due(control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Queue the week's drills; the queue starts them like any other run."""
    asked = control.clocks.queue_drills(datetime.now(UTC), time_zone=settings.time_zone)
    said = [
        f"{asked_drill.partition_key}: {asked_drill.refusal or f'drill of backup {asked_drill.backup_id}'}"
        for asked_drill in asked
    ]
    return dg.SkipReason("; ".join(said) or "every production with a verified backup was drilled this week")
