"""The free space of the disk: below a part of it builds are refused, while backups go on."""

from __future__ import annotations

import shutil

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import StepFailed
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext

DISK_LOW = "disk_low"


def require_free_disk(ctx: StepContext) -> None:
    """Refuse a build while little of the disk is free; backups go on, which a full disk would stop.

    Raises:
        StepFailed: too little is free.
    """
    free = watch_free_disk(ctx.control, ctx.settings)
    if free < ctx.settings.disk_free_percent:
        raise StepFailed(low_disk(ctx.settings, free), hint="remove what is not needed: ops env list, ops backup list")


def watch_free_disk(control: ControlPlane, settings: Settings) -> float:
    """Raise or clear the alarm of a disk that is nearly full; return the free part in percent."""
    free = free_percent(settings)
    if free < settings.disk_free_percent:
        control.incidents.raise_alarm(
            DISK_LOW,
            title="The disk is nearly full: no build starts",
            description=f"{low_disk(settings, free)}. Backups go on.",
            severity="critical",
        )
    else:
        control.incidents.clear_alarm(DISK_LOW, resolution=f"{free:.0f} % of the disk are free.")
    return free


def free_percent(settings: Settings) -> float:
    """Return how much of the state folder's disk is free, in percent."""
    found = shutil.disk_usage(settings.home)
    return 100 * found.free / found.total


def low_disk(settings: Settings, free: float) -> str:
    """Return the sentence for a disk with only that share free, in percent."""
    return f"{free:.1f} % of the disk of {settings.home} are free, less than ODOOOPS_DISK_FREE_PERCENT"
