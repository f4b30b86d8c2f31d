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
# Runs of these kinds copy production's data in every stage; other kinds only do so for a staging.
_COPY_PRODUCTION = frozenset({"clone", "rehearse", "upgrade"})


@dataclass(frozen=True, kw_only=True)
class CloneSource:
    """The source of a clone's data: `dump` has the production set, the other kinds the backup."""

    kind: Source
    backup: Backup | None = None
    production: Environment | None = None


def find_source(ctx: StepContext, rules: Mapping[str, Any]) -> CloneSource | None:
    """Return the source of the run's clone; None if its environment gets no production data.

    Policy clone.source decides. With `dump`, production is backed up now, because a staging shows production as it is,
    and a rehearsal measures that backup too. An upgrade preview uses production's newest verified backup all the same
    while it is young enough to be cloned: previews of the same data can be compared, and they share one clone template
    and one baseline. With `newest_verified`, no run of any kind puts load on production.

    Raises:
        StepFailed: production runs and has no verified backup, or only older ones than policy allows.
    """
    if named := backup_named_by(ctx.run):
        return CloneSource(kind="named", backup=ctx.control.backups.get(named))
    if ctx.run.kind not in _COPY_PRODUCTION and ctx.environment.stage != "staging":
        return None
    production = _production(ctx)
    newest = _newest_verified(ctx, production)
    max_age_hours = int(rules["max_backup_age_hours"])
    is_young = newest is not None and age_of(newest) <= timedelta(hours=max_age_hours)
    reuses = ctx.run.kind == "upgrade" and is_young
    if rules["source"] == "dump" and production is not None and not reuses:
        return CloneSource(kind="dump", production=production)
    if newest is None and production is None and ctx.run.kind != "clone":
        ctx.log("info", f"project {ctx.project.slug} has no production yet: nothing to clone")
        return None
    if newest is None or not is_young:
        raise _no_backup(ctx, newest, max_age_hours=max_age_hours)
    return CloneSource(kind="newest_verified", backup=newest)


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


def _newest_verified(ctx: StepContext, production: Environment | None) -> Backup | None:
    """Return the newest verified backup of the production, or that of a former one if none lives with data."""
    if production is not None:
        return ctx.control.backups.newest_verified(production.id)
    return ctx.control.backups.newest_verified(project_id=ctx.project.id, stage="production")


def _no_backup(ctx: StepContext, newest: Backup | None, *, max_age_hours: int) -> StepFailed:
    hint = f"ops backup create {ctx.project.slug} {ctx.project.default_branch}"
    if newest is None:
        return StepFailed(f"production of {ctx.project.slug} has no verified backup to clone", hint=hint)
    return StepFailed(
        f"production's newest verified backup is {age_text(age_of(newest))} old; policy clone.max_backup_age_hours"
        f" allows {max_age_hours}",
        hint=hint,
    )


def age_of(backup: Backup) -> timedelta:
    """Return how old the backup's data are."""
    return datetime.now(UTC) - backup.moment
