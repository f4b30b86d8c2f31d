"""Back up every living production once a night."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from assets.jobs import back_up
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.steps.recovery.nightly import night_of, queue_nightly


# Every ten minutes, not once at the hour: a platform that was down at the hour catches up after its start.
@dg.schedule(job=back_up, cron_schedule="*/10 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def nightly_backups(control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Queue the night's backups that are not queued yet; the queue starts them like any other run."""
    now, hour, zone = datetime.now(UTC), settings.backup_hour, settings.time_zone
    queued = queue_nightly(control, hour=hour, time_zone=zone, now=now)
    night = night_of(now, hour=hour, time_zone=zone)
    said = f"{len(queued.backups)} backup(s) queued" if queued.backups else "every backup is queued"
    return dg.SkipReason("; ".join([f"night of {night.day}: {said}", *queued.refused]))
