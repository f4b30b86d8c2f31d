"""Restore and boot the newest backup of each production every week."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from assets.jobs import drill
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.steps.recovery.drills_due import ask_for_drills


# Evaluated every hour, queued once a week: a machine that was off at one hour queues its drills at the next.
@dg.schedule(job=drill, cron_schedule="23 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def recovery_drills(control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Queue the week's drills; the queue starts them like any other run."""
    asked = ask_for_drills(control, now=datetime.now(ZoneInfo(settings.time_zone)))
    return dg.SkipReason("; ".join(asked) or "every production with a verified backup was drilled this week")
