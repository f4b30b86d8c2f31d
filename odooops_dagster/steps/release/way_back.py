"""The way back from a promotion: a verified backup before anything changes, and an untouched database after that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from odooops_dagster.errors import StepFailed
from odooops_dagster.model.releases import Deployment
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.recovery.backup import back_up
from odooops_dagster.steps.release.phases import phase

# For a rollback that was asked for in time and waits in the queue.
_GRACE = timedelta(hours=1)


def back_up_before(ctx: StepContext, deployment: Deployment) -> UUID | None:
    """Return the verified backup to which one could return: the newest if it is fresh enough, else a new one.

    Only production is backed up, and not where the deployment says why there is none, as a rollback does.

    Raises:
        StepFailed: production cannot be backed up, or the backup cannot be verified.
    """
    if deployment.stage != "production" or deployment.no_backup_reason is not None:
        return None
    newest = ctx.control.backups.newest_verified(ctx.environment.id)
    hours = int(ctx.control.policies.get(ctx.project.id, policy_type="promotion")["backup_max_age_hours"])
    if newest is not None and newest.run_id == ctx.run.id:
        return newest.id
    if newest is not None and newest.moment > datetime.now(UTC) - timedelta(hours=hours):
        ctx.log("info", f"backup {newest.id} of {newest.moment:%Y-%m-%d %H:%M %Z} is fresh enough to return to")
        return newest.id
    ctx.log("info", f"backing up {ctx.environment.partition_key}: people go on working meanwhile")
    with phase(ctx, "backup"):
        made = back_up(replace(ctx, run=replace(ctx.run, config={})))
    for check in made.checks:
        if not check.passed:
            ctx.log("warn", f"{check.name}: {check.summary}")
    if made.backup.status != "verified":
        raise StepFailed(
            f"{ctx.environment.partition_key} could not be backed up: {made.backup.error_message}",
            hint="mend that and promote again; nothing was changed",
        )
    return made.backup.id


def keep_until(ctx: StepContext) -> datetime:
    """Return until when the replaced database is kept."""
    hours = int(ctx.control.policies.get(ctx.project.id, policy_type="clone")["keep_previous_hours"])
    return datetime.now(UTC) + timedelta(hours=hours)


def kept_by_promotions(deployments: Iterable[Deployment], *, now: datetime) -> set[str]:
    """Return the databases on both sides of every promotion that can be taken back, and for an hour after that."""
    kept = (each for each in deployments if each.keep_previous_until and each.keep_previous_until > now - _GRACE)
    return {name for each in kept for name in (each.database_name, each.previous_database_name) if name}
