"""Step `upgrade`: try an upgrade on a harmless copy of production, and report what it would do.

A preview that is killed leaves no report: the next attempt goes on from what is kept: the clone template, the copy with
the modules that were updated, and the baseline. The report is recorded in one statement, when everything was looked at.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from odooops_dagster.errors import MissingDependency, OdooOpsError
from odooops_dagster.kinds import UpgradeConfig
from odooops_dagster.model import Backup, Build, CheckResult, Table
from odooops_dagster.model.upgrades import UpgradePreview
from odooops_dagster.steps.build.image import build_of_commit
from odooops_dagster.steps.clone.backup_of import backup_to_try_on
from odooops_dagster.steps.clone.clone import clone_recipe
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.environment.update import changes_for, kept_checksums
from odooops_dagster.steps.recovery.load import build_of
from odooops_dagster.steps.upgrade.cases import gather_cases
from odooops_dagster.steps.upgrade.copy import HarmlessCopy, harmless_copy
from odooops_dagster.steps.upgrade.engines import engine_of
from odooops_dagster.steps.upgrade.groups import Group, groups_of, in_order, unchanged
from odooops_dagster.steps.upgrade.kept import KeptUpdates
from odooops_dagster.steps.upgrade.observe import observe
from odooops_dagster.steps.upgrade.plan import UpgradeEngine, UpgradePlan
from odooops_dagster.steps.upgrade.record import record
from odooops_dagster.tools.odoo import modules
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.sanitize import neutralize

_SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True, kw_only=True)
class PreviewResult:
    """The recorded preview, and the check that says its verdict."""

    preview: UpgradePreview
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


def preview_upgrade(ctx: StepContext) -> PreviewResult:
    """Try the run's commit on a copy of production, and record the report.

    Raises:
        StepFailed: the commit cannot be built, or there is no backup of production to try it on.
        MissingDependency: the engine cannot be used here; the message says what to install.
    """
    known = ctx.control.upgrades.of_run(ctx.run.id)
    if known is not None:  # an earlier attempt was killed after its report
        return _result(ctx, known)
    started = time.monotonic()
    config = UpgradeConfig.of(ctx.run)
    engine = engine_of(config.engine)
    target = build_of_commit(_of_series(ctx, config.target_series))
    require_server(ctx, target.series)
    backup = backup_to_try_on(ctx)
    restore = ctx.control.backups.start_restore(ctx.fence, backup_id=backup.id, purpose="upgrade")
    backup = ctx.control.backups.get(restore.backup_id)  # an earlier attempt may have chosen another one
    try:
        return _result(ctx, _preview(ctx, engine, target, backup, started))
    except (OdooOpsError, OSError) as exc:
        ctx.control.backups.end_restore(ctx.fence, error_message=str(exc))
        raise


def _of_series(ctx: StepContext, series: str | None) -> StepContext:
    """Return the context in which the project is on the target's series."""
    return ctx if series is None else replace(ctx, project=replace(ctx.project, odoo_version=series))


def _preview(ctx: StepContext, engine: UpgradeEngine, target: Build, backup: Backup, started: float) -> UpgradePreview:
    source = build_of(ctx, backup)
    rules = ctx.control.policies.get(ctx.project.id, policy_type="clone")
    with harmless_copy(ctx, clone_recipe(ctx, backup, source, rules)) as copy:
        plan = _plan(ctx, copy, source, target)
        why = engine.why_not(ctx, plan)
        if why is not None:
            raise MissingDependency(f"engine {engine.name} cannot be used here: {why}")
        seen = observe(ctx, copy, engine, plan)
    return record(ctx, engine, plan, backup, seen, seconds=round(time.monotonic() - started, 3))


def _plan(ctx: StepContext, copy: HarmlessCopy, source: Build, target: Build) -> UpgradePlan:
    access = copy.access(ctx)
    rules = ctx.control.policies.get(ctx.project.id, policy_type="promotion")
    states = module_states(access)
    changes = changes_for(target, states, kept_checksums(access))
    ctx.log("info", str(changes))
    cases = gather_cases(ctx, copy, source, target)
    return UpgradePlan(
        database=copy.place.name,
        folder=copy.place.folder,
        source=source,
        target=target,
        changes=changes,
        budget_seconds=_SECONDS_PER_MINUTE * int(rules["update_minutes"]),
        groups=_in_order(ctx, groups_of(changes, source, target, neutralize.installed(states)), target),
        kept=KeptUpdates(copy, source=source, target=target, cases=cases.digest if cases else ""),
        cases=cases,
    )


def _in_order(ctx: StepContext, groups: tuple[Group, ...], target: Build) -> tuple[Group, ...]:
    """Return the groups with those last that changed since the newest preview: they are likely to change again."""
    earlier = ctx.control.upgrades.list(ctx.project.id, limit=1)
    then = earlier[0].report["modules"].get("checksums", {}) if earlier else {}
    now = modules.checksums({name for group in groups for name in group}, target.addons_paths)
    return in_order(groups, unchanged(groups, now, then))


def _result(ctx: StepContext, preview: UpgradePreview) -> PreviewResult:
    ctx.log("warn" if preview.verdict == "red" else "info", f"{preview.verdict}: {preview.summary}")
    report = preview.report
    return PreviewResult(
        preview=preview,
        checks=(
            CheckResult(
                name="upgrade_not_red",
                passed=preview.verdict != "red",
                summary=f"{preview.verdict}: {preview.summary}",
                blocking=False,
                metadata={"reasons": len(report["reasons"])},
            ),
        ),
        metadata={
            "verdict": preview.verdict,
            "summary": preview.summary,
            "engine": preview.engine,
            "git_sha": preview.git_sha,
            "image_digest": preview.image_digest,
            "backup": str(preview.backup_id),
            "seconds": float(preview.seconds),
            "downtime_seconds": None if preview.downtime_seconds is None else float(preview.downtime_seconds),
            "new_errors": preview.new_errors,
            "new_warnings": preview.new_warnings,
            "broken_views": len(report["views"]["broken"]),
            "tables_with_lost_rows": len(report["data"]["lost"]),
            "modules_updated": len(report["modules"]["updated"]),
            "reasons": Table.of(report["reasons"]),
            "stages": Table.of(report["stages"]),
        },
        data_version=f"{preview.image_digest}@{preview.id}",
    )
