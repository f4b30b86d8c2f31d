"""Stop previews that nobody asks for."""

from __future__ import annotations

import dagster as dg

from assets.service import stop
from odooops_dagster.control import ControlPlane
from odooops_dagster.settings import Settings
from odooops_dagster.tools.front import line


@dg.schedule(
    description="Every five minutes: queues the stop of previews that nobody asks for; their next request starts them.",
    job=stop,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def idle_previews(control: dg.ResourceParam[ControlPlane], settings: dg.ResourceParam[Settings]) -> dg.SkipReason:
    """Note what the router saw, and queue what is idle; without a router nobody knows what is."""
    asked = line.asked(settings.home)
    if asked is None:
        return dg.SkipReason("the router does not answer: nobody knows what is asked for")
    queued = control.clocks.stop_idle(asked.at, watched_since=asked.since)
    return dg.SkipReason(f"{len(queued)} preview(s) are idle" if queued else "no preview is idle")
