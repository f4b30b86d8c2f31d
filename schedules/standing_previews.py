"""Preview the newest release on production's data every night, where policy asks for it."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import upgrade
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings


# Evaluated every hour, queued once a night: a machine that was off at one hour queues its previews at the next.
@dg.schedule(
    description="Every hour: queues the night's upgrade previews that are due and not queued yet.",
    job=upgrade,
    cron_schedule="37 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def standing_previews(control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Queue the night's previews; the queue starts them like any other run."""
    asked = control.clocks.queue_previews(datetime.now(UTC), time_zone=settings.time_zone)
    said = [f"{each.partition_key}: {each.refusal or f'preview of release {each.version}'}" for each in asked]
    return dg.SkipReason("; ".join(said) or "no release waits for a preview")
