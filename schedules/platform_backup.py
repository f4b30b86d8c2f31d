"""Start the backup of the platform itself, and watch its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import request_if_due
from odooops_dagster.local.recovery.sources import has_embedded_record
from odooops_dagster.settings import Settings

# A backup that fails its proof costs a whole restore, and rarely passes ten minutes later.
RETRY_AFTER = timedelta(hours=1)


@dg.schedule(
    description="Every ten minutes: requests the backup of the platform itself when it is due, if a key is named.",
    job_name="platform_backup",
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def platform_backup(
    context: dg.ScheduleEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job if the newest proved backup is old; an alarm says where it is too old.

    After a run that failed the next one waits an hour.
    """
    if settings.platform_key_file is None:
        return dg.SkipReason("no key is named that seals backups of the platform: ops platform key FILE")
    if not has_embedded_record(settings):
        return dg.SkipReason("the control plane is on a server of the operator's own, whose backups are too")
    now, hours = datetime.now(UTC), settings.platform_backup_hours
    is_due = control.clocks.watch_platform_backup(now, every_hours=hours)
    return request_if_due(context.instance, "platform_backup", lambda _: is_due, retry_after=RETRY_AFTER)
