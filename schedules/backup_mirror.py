"""Start the job that mirrors backups, and watch how far behind the mirror is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from odooops_dagster.control import ControlPlane
from odooops_dagster.engine.maintenance import last_success_at, request_if_due
from odooops_dagster.settings import Settings

# A turn reads back what it copied: a store that refuses or spoils it costs all of that again each time.
RETRY_AFTER = timedelta(hours=1)


@dg.schedule(
    description="Every ten minutes: mirrors what was verified or dropped since, and opens an alarm for what is behind.",
    job_name="backup_mirror",
    cron_schedule="*/10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def backup_mirror(
    context: dg.ScheduleEvaluationContext,
    control: dg.ResourceParam[ControlPlane],
    settings: dg.ResourceParam[Settings],
) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job if the mirror is not as the record says; after one that failed, an hour later."""
    changes = []
    if not settings.mirror_url or last_success_at(context.instance, "backup_mirror"):  # a new mirror gets its time
        changes = control.clocks.watch_mirrors(datetime.now(UTC), mirror_url=settings.mirror_url)
    if not settings.mirror_url:
        return dg.SkipReason("; ".join(changes) or "there is no mirror: ODOOOPS_MIRROR_URL names none")
    return request_if_due(
        context.instance,
        "backup_mirror",
        lambda last: control.clocks.backup_mirror_is_due(settings.mirror_url, last_at=last),
        retry_after=RETRY_AFTER,
    )
