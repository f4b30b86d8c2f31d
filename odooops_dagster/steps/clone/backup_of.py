"""The backup that a clone is made from, created now if policy asks for it."""

from __future__ import annotations

from dataclasses import replace

from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import Backup, Environment
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.environment.clone_source import CloneSource, find_source
from odooops_dagster.steps.recovery.backup import back_up


def backup_of(ctx: StepContext, source: CloneSource) -> Backup:
    """Return the backup to clone; source `dump` makes one now like any backup, or reuses that of an earlier attempt.

    Raises:
        StepFailed: production cannot be backed up, or the new backup cannot be verified.
        Unavailable: the database or the store does not answer.
    """
    if source.backup is not None:
        return source.backup
    assert source.production is not None  # noqa: S101 -- a dump is of a production
    key = source.production.partition_key
    ctx.log("info", f"backing up {key} for this clone, as policy clone.source is dump")
    try:
        made = back_up(_at(ctx, source.production))
    except (StepFailed, Unavailable) as exc:
        raise _no_dump(key, str(exc)) from exc
    for check in made.checks:
        if not check.passed:
            ctx.log("warn", f"{check.name}: {check.summary}")
    if made.backup.status != "verified":
        raise _no_dump(key, str(made.backup.error_message))
    return made.backup


def backup_to_try_on(ctx: StepContext) -> Backup:
    """Return the backup of production that a rehearsal or an upgrade preview copies.

    Raises:
        StepFailed: there is no production with data, or no backup of it that policy allows to clone.
        Unavailable: the database or the store does not answer.
    """
    source = find_source(ctx, ctx.control.policies.get(ctx.project.id, policy_type="clone"))
    if source is None:
        raise StepFailed(
            f"project {ctx.project.slug} has no production whose data could be copied",
            hint=f"deploy it first: ops env create {ctx.project.slug} {ctx.project.default_branch}",
        )
    return backup_of(ctx, source)


def _no_dump(key: str, why: str) -> StepFailed:
    return StepFailed(
        f"{key} could not be backed up for this clone: {why}",
        hint="mend that and queue the branch again, or clone the newest backup that was read back: set policy"
        " clone.source to newest_verified",
    )


def _at(ctx: StepContext, production: Environment) -> StepContext:
    """Return the run's context moved to production, without the run's config, which is meant for the clone."""
    return replace(ctx, environment=production, run=replace(ctx.run, config={}))
