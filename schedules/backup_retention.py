"""Remove the backups that no policy keeps any longer: first from the record, then from the store."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import dagster as dg

from assets.jobs import back_up
from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import OdooOpsError
from odooops_dagster.model import Project
from odooops_dagster.settings import Settings
from odooops_dagster.steps.recovery.retention import retain
from odooops_dagster.tools.backup.repositories import repository_of
from odooops_dagster.tools.store import ObjectStore

# Dagster limits an evaluation to a minute; projects that are not reached wait for the next hour.
PATIENCE_SECONDS = 30.0


@dg.schedule(job=back_up, cron_schedule="47 * * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def backup_retention(
    control: dg.ResourceParam[ControlPlane],
    store: dg.ResourceParam[ObjectStore],
    settings: dg.ResourceParam[Settings],
) -> dg.SkipReason:
    """Apply the retention policy of each project in turn; a failure in one does not stop the others."""
    end = time.monotonic() + PATIENCE_SECONDS
    done = []
    for project in control.projects.list():
        said = turn(control, store, settings, project)
        done += [f"{project.slug}: {said}"] if said else []
        if time.monotonic() > end:
            break
    return dg.SkipReason("; ".join(done) or "every backup that there is is kept")


def turn(control: ControlPlane, store: ObjectStore, settings: Settings, project: Project) -> str | None:
    """Apply the project's retention policy and return the result or the error in a line; None if nothing was done."""
    now = datetime.now(UTC)
    try:
        repository = repository_of(store, settings, project.slug)
        done = retain(
            control,
            repository,
            project,
            time_zone=settings.time_zone,
            now=now,
            turn=f"retention-{now:%Y%m%dT%H%M%S}",
        )
    except OdooOpsError as exc:
        return str(exc)
    return None if done.is_empty else str(done)
