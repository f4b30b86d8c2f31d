"""Choose the production data of an environment: none, or those of a named, a new or the newest verified backup."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from odooops_dagster.errors import StepFailed
from odooops_dagster.kinds import backup_named_by
from odooops_dagster.model import Backup, Environment
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.wording import age_text

# The named backup, one made for this clone, or the newest verified one: policy clone.source.
Source = Literal["named", "dump", "newest_verified"]


@dataclass(frozen=True, kw_only=True)
class CloneSource:
    """The source of a clone's data: `dump` has the production set, the other kinds the backup."""

    kind: Source
    backup: Backup | None = None
    production: Environment | None = None


def find_source(ctx: StepContext, rules: Mapping[str, Any]) -> CloneSource | None:
    """Return the source of the run's clone; None if its environment gets no production data.

    Raises:
        StepFailed: production runs and has no verified backup, or only older ones than policy allows.
    """
    if named := backup_named_by(ctx.run):
        return CloneSource(kind="named", backup=ctx.control.backups.get(named))
    if ctx.run.kind != "clone" and ctx.environment.stage != "staging":
        return None
    production = _production(ctx)
    if rules["source"] == "dump" and production is not None:
        return CloneSource(kind="dump", production=production)
    return _newest_verified(ctx, production, max_age_hours=rules["max_backup_age_hours"])


def wants_clone(ctx: StepContext) -> bool:
    """Return whether the run's environment gets production data.

    Raises:
        StepFailed: it should, and no backup may be cloned.
    """
    return find_source(ctx, ctx.control.policies.get(ctx.project.id, policy_type="clone")) is not None


def _production(ctx: StepContext) -> Environment | None:
    """Return the project's living production that has data, preferring the one of the default branch."""
    productions = ctx.control.backups.productions(ctx.project.slug)
    filled = next((production for production in productions if production.has_data), None)
    return ctx.control.environments.by_id(filled.environment_id) if filled else None


def _newest_verified(ctx: StepContext, production: Environment | None, *, max_age_hours: int) -> CloneSource | None:
    newest = ctx.control.backups.newest_verified(project_id=ctx.project.id, stage="production")
    hint = f"ops backup create {ctx.project.slug} {ctx.project.default_branch}"
    if newest is None:
        if ctx.run.kind != "clone" and production is None:
            ctx.log("info", f"project {ctx.project.slug} has no production yet: nothing to clone")
            return None
        raise StepFailed(f"production of {ctx.project.slug} has no verified backup to clone", hint=hint)
    if (age := age_of(newest)) > timedelta(hours=max_age_hours):
        raise StepFailed(
            f"production's newest verified backup is {age_text(age)} old; policy clone.max_backup_age_hours"
            f" allows {max_age_hours}",
            hint=hint,
        )
    return CloneSource(kind="newest_verified", backup=newest)


def age_of(backup: Backup) -> timedelta:
    """Return how old the backup's data are."""
    return datetime.now(UTC) - backup.moment
