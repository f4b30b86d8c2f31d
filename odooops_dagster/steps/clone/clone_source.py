"""Of which backup a clone is made: one that is named, one made now, or the newest that was read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from odooops_dagster.errors import StepFailed, Unavailable
from odooops_dagster.model import Backup, Environment
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.progress import age_text
from odooops_dagster.steps.recovery.backup import back_up

# A backup that somebody named, one made for this clone, or the newest that was read back: policy clone.source.
Source = Literal["named", "dump", "newest_verified"]


@dataclass(frozen=True, kw_only=True)
class CloneSource:
    """Where a clone's data come from; `dump` names the production, the others the backup."""

    kind: Source
    backup: Backup | None = None
    production: Environment | None = None


def find_source(ctx: StepContext, rules: Mapping[str, Any]) -> CloneSource | None:
    """Return where the data of the run's clone come from; None where its environment gets none of production's.

    Raises:
        StepFailed: production runs and has no verified backup, or only older ones than policy allows.
    """
    if named := ctx.run.config.get("backup_id"):
        return CloneSource(kind="named", backup=ctx.control.backups.get(UUID(str(named))))
    if ctx.run.kind != "clone" and ctx.environment.stage != "staging":
        return None
    production = _production(ctx)
    if rules["source"] == "dump" and production is not None:
        return CloneSource(kind="dump", production=production)
    return _newest_verified(ctx, production, max_age_hours=rules["max_backup_age_hours"])


def backup_of(ctx: StepContext, source: CloneSource) -> Backup:
    """Return the backup to clone; a dump is made now, by the steps of any backup, or by an earlier attempt of the run.

    Raises:
        StepFailed: production cannot be backed up, or the store does not hold what was written.
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


def _no_dump(key: str, why: str) -> StepFailed:
    return StepFailed(
        f"{key} could not be backed up for this clone: {why}",
        hint="mend that and queue the branch again, or clone the newest backup that was read back: set policy"
        " clone.source to newest_verified",
    )


def _at(ctx: StepContext, production: Environment) -> StepContext:
    """Return the run's context as it is at production; what the run was asked for is not asked of production."""
    return replace(ctx, environment=production, run=replace(ctx.run, config={}))


def _production(ctx: StepContext) -> Environment | None:
    """Return the project's living production that has data, that of the default branch first."""
    environments = ctx.control.environments.list(ctx.project.slug)
    living = [e for e in environments if e.stage == "production" and e.status != "destroyed"]
    filled = [e for e in living if e.database_name is not None or e.is_adopted]
    return min(filled, key=lambda e: (e.branch != ctx.project.default_branch, e.partition_key), default=None)


def _newest_verified(ctx: StepContext, production: Environment | None, *, max_age_hours: int) -> CloneSource | None:
    verified = ctx.control.backups.list(ctx.project.id, status="verified")
    backups = [backup for backup in verified if backup.stage == "production" and backup.taken_at]
    hint = f"ops backup create {ctx.project.slug} {ctx.project.default_branch}"
    if not backups:
        if ctx.run.kind != "clone" and production is None:
            ctx.log("info", f"project {ctx.project.slug} has no production yet: nothing to clone")
            return None
        raise StepFailed(f"production of {ctx.project.slug} has no verified backup to clone", hint=hint)
    newest = max(backups, key=taken_at)
    if (age := age_of(newest)) > timedelta(hours=max_age_hours):
        raise StepFailed(
            f"production's newest verified backup is {age_text(age)} old; policy clone.max_backup_age_hours"
            f" allows {max_age_hours}",
            hint=hint,
        )
    return CloneSource(kind="newest_verified", backup=newest)


def age_of(backup: Backup) -> timedelta:
    """Return how old the backup's data are."""
    return datetime.now(UTC) - taken_at(backup)


def taken_at(backup: Backup) -> datetime:
    """Return the moment whose data the backup holds."""
    return (backup.taken_at or backup.created_at).astimezone(UTC)
