"""The Dagster code location: lists all definitions and their resources."""

from __future__ import annotations

from functools import cache

import dagster as dg

from assets.backup import backup
from assets.database import database
from assets.deployment import deployment
from assets.image import image
from assets.jobs import JOBS
from assets.maintenance import MAINTENANCE_JOBS
from assets.prod_clone import prod_clone
from assets.production import production, running
from assets.recovery_drill import recovery_drill
from assets.source import source
from assets.upgrade_report import upgrade_report
from resources.platform import platform_resources
from schedules.artifact_expiry import artifact_expiry
from schedules.audit_anchor import audit_anchor
from schedules.backup_freshness import backup_freshness
from schedules.backup_mirror import backup_mirror
from schedules.backup_retention import backup_retention
from schedules.backups_due import backups_due
from schedules.drills_due import drills_due
from schedules.environment_expiry import environment_expiry
from schedules.idle_previews import idle_previews
from schedules.image_removal import image_removal
from schedules.log_retention import log_retention
from schedules.platform_backup import platform_backup
from schedules.standing_previews import standing_previews
from sensors.cancellations import cancellations
from sensors.github_pushes import github_pushes
from sensors.housekeeping import housekeeping
from sensors.ops_queue import ops_queue
from sensors.outbox import outbox
from sensors.reconciler import reconciler
from sensors.traces import traces


# Dagster asks several times in each process of a run, and a forked one has the answer of the process it comes from.
@dg.definitions
@cache
def definitions() -> dg.Definitions:
    """Return every asset, job, sensor and schedule, with the platform's resources."""
    return dg.Definitions(
        assets=[
            source,
            image,
            prod_clone,
            database,
            deployment,
            production,
            running,
            backup,
            recovery_drill,
            upgrade_report,
        ],
        jobs=[*JOBS, *MAINTENANCE_JOBS],
        sensors=[
            ops_queue,
            github_pushes,
            cancellations,
            reconciler,
            housekeeping,
            outbox,
            traces,
        ],
        schedules=[
            environment_expiry,
            idle_previews,
            image_removal,
            artifact_expiry,
            audit_anchor,
            log_retention,
            drills_due,
            standing_previews,
            backups_due,
            backup_retention,
            backup_freshness,
            backup_mirror,
            platform_backup,
        ],
        resources=platform_resources(),
        executor=dg.in_process_executor,
    )
