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
from assets.production import production
from assets.recovery_drill import recovery_drill
from assets.source import source
from resources.platform import platform_resources
from schedules.artifact_expiry import artifact_expiry
from schedules.audit_anchor import audit_anchor
from schedules.backup_freshness import backup_freshness
from schedules.backup_retention import backup_retention
from schedules.environment_expiry import environment_expiry
from schedules.log_retention import log_retention
from schedules.nightly_backups import nightly_backups
from schedules.recovery_drills import recovery_drills
from sensors.cancellations import cancellations
from sensors.github_pushes import github_pushes
from sensors.housekeeping import housekeeping
from sensors.ops_queue import ops_queue
from sensors.reconciler import reconciler

# One group: with several, Dagster shows the groups as boxes instead of their assets.
GROUP = "environment"
OWNERS = ("team:odooops",)


# Dagster asks several times in each process of a run, and a forked one has the answer of the process it comes from.
@dg.definitions
@cache
def definitions() -> dg.Definitions:
    """Return every asset, job, sensor and schedule, with the platform's resources."""
    return dg.Definitions(
        assets=[source, image, prod_clone, database, deployment, production, backup, recovery_drill],
        jobs=[*JOBS, *MAINTENANCE_JOBS],
        sensors=[
            ops_queue,
            github_pushes,
            cancellations,
            reconciler,
            housekeeping,
        ],
        schedules=[
            environment_expiry,
            artifact_expiry,
            audit_anchor,
            log_retention,
            recovery_drills,
            nightly_backups,
            backup_retention,
            backup_freshness,
        ],
        resources=platform_resources(),
        executor=dg.in_process_executor,
    ).map_asset_specs(func=_of_the_platform)


def _of_the_platform(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Return the asset's spec with what all assets have in common."""
    return spec.replace_attributes(group_name=GROUP, owners=OWNERS)
