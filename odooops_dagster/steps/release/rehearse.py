"""Step `rehearse`: try a promotion on a harmless copy of production, and measure what each phase takes.

The copy lives in a sandbox of its own, as that of a drill: its database, role, service and files are removed at the
end, whatever that is. Production is read for the copy and nothing of it is written. What is tried is what a promotion
does: the same update within the same time, the same health check, the same start.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import environment_url
from odooops_dagster.kinds import RehearseConfig
from odooops_dagster.model import Backup, Build, CheckResult, DatabaseAccess, Service, Table, blocking_failure
from odooops_dagster.model.releases import Rehearsal
from odooops_dagster.steps.clone.backup_of import backup_to_try_on
from odooops_dagster.steps.clone.clone import clone_recipe, make_distinct
from odooops_dagster.steps.clone.template import CloneTemplate, clone_template
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.files import complete_tree
from odooops_dagster.steps.core.reports import keep_report
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.environment.health import wait_until_healthy
from odooops_dagster.steps.environment.update import changes_for, kept_checksums, sanitize_again
from odooops_dagster.steps.recovery.drill_sandbox import URL, DrillSandbox, sandbox
from odooops_dagster.steps.release.phases import downtime_table, note_phase, phase
from odooops_dagster.steps.release.released import released_build
from odooops_dagster.steps.release.timed_update import modules_of, target_of, update_in_time
from odooops_dagster.tools.postgres.contents import module_states
from odooops_dagster.tools.project_file import settings_of


@dataclass(frozen=True, kw_only=True)
class RehearsalResult:
    """The rehearsal's outcome, the checks that decided it, and what is predicted beside what earlier ones took."""

    rehearsal: Rehearsal
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]


def rehearse(ctx: StepContext) -> RehearsalResult:
    """Try the promotion of the run's release on a copy of production.

    Raises:
        StepFailed: production cannot be copied, or the release's build cannot be had.
        SanitizationFailed: the copy is not harmless, so no Odoo was started on it.
    """
    ended = ctx.control.rehearsals.of_run(ctx.run.id)
    if ended is not None and ended.passed is not None:
        return _result(ctx, ended, ())
    release = ctx.control.releases.by_id(RehearseConfig.of(ctx.run).release_id)
    build = released_build(ctx, release)
    require_server(ctx, build.series)
    backup = backup_to_try_on(ctx)
    restore = ctx.control.backups.start_restore(ctx.fence, backup_id=backup.id, purpose="drill")
    backup = ctx.control.backups.get(restore.backup_id)  # an earlier attempt may have chosen another one
    ctx.control.rehearsals.start(ctx.fence)
    _note_backup(ctx, backup)
    try:
        checks = _try(ctx, backup, build)
    except (OdooOpsError, OSError) as exc:
        with suppress(OdooOpsError):  # the first error is the one to raise
            ctx.control.rehearsals.end(ctx.fence, passed=False, summary=" ".join(str(exc).split()))
        raise
    failed = blocking_failure(checks)
    summary = f"{failed.name}: {failed.summary}" if failed else f"{release.version} would take over"
    _keep_report(ctx, release.id, checks, summary)
    done = ctx.control.rehearsals.end(ctx.fence, passed=failed is None, summary=summary)
    return _result(ctx, done, checks)


def _note_backup(ctx: StepContext, backup: Backup) -> None:
    """Record what the backup took, by the record of the run that made it."""
    run = ctx.control.runs.get(backup.run_id) if backup.run_id else None
    if run is None or backup.verified_at is None:
        return
    began = run.started_at if run.kind == "backup" else backup.created_at
    if began is not None:
        note_phase(ctx, "backup", seconds=max((backup.verified_at - began).total_seconds(), 0.0))


def _try(ctx: StepContext, backup: Backup, build: Build) -> tuple[CheckResult, ...]:
    """Copy, update, prove the health and start again, each timed; a failed check ends it early."""
    with sandbox(ctx) as place:
        rules = ctx.control.policies.get(ctx.project.id, policy_type="clone")
        template = clone_template(ctx, clone_recipe(ctx, backup, build, rules))
        copied = _copy(ctx, place, template)
        access = ctx.databases.access(place.name, role=place.name)
        make_distinct(access, template, url=environment_url(ctx.settings, ctx.environment))
        changes = changes_for(build, module_states(access), kept_checksums(access))
        ctx.log("info", str(changes))
        checks: tuple[CheckResult, ...] = ()
        if changes:
            note_phase(ctx, "copy", seconds=copied)
            target = target_of(build, name=place.name, role=place.name, data=place.folder / "data")
            with phase(ctx, "update"):
                checks = update_in_time(ctx, target, modules_of(target, changes))
            if blocking_failure(checks) is not None:
                return checks
            sanitize_again(ctx, target, module_states(access), is_updated=True)
        return (*checks, *_serve(ctx, place, access, build))


def _copy(ctx: StepContext, place: DrillSandbox, template: CloneTemplate) -> float:
    """Copy the data, most files before the clock starts, as a promotion does, and return the seconds."""
    complete_tree(template.filestore, place.filestore)
    started = time.monotonic()
    complete_tree(template.filestore, place.filestore)
    ctx.databases.create(place.name, owner=place.name, template=template.database_name)
    return time.monotonic() - started


def _serve(ctx: StepContext, place: DrillSandbox, access: DatabaseAccess, build: Build) -> tuple[CheckResult, ...]:
    """Prove the build's health, then let it start a second time, as the service that people meet does."""
    options = settings_of(build.source).odoo_of("production").model_copy(update={"server_wide_modules": ()})
    service = place.service(ctx.settings, access, build, more=options)
    with phase(ctx, "health"):
        health = _started(ctx, service, access)
    if not health.passed:
        return (health,)
    with phase(ctx, "start"):
        ctx.runtime.stop(service.name)
        again = _started(ctx, service, access)
    return (again,)


def _started(ctx: StepContext, service: Service, access: DatabaseAccess) -> CheckResult:
    ctx.runtime.start(service)
    return wait_until_healthy(ctx, service, URL, access, must_load_all=True)


def _keep_report(ctx: StepContext, release_id: UUID, checks: tuple[CheckResult, ...], summary: str) -> None:
    tried = ctx.control.rehearsals.of_run(ctx.run.id)
    report = {
        "rehearsal": asdict(tried) if tried else None,
        "outcome": summary,
        "checks": [asdict(check) for check in checks],
    }
    data = json.dumps(report, indent=1, default=str).encode()
    key = f"rehearsal-{ctx.run.attempt}.json"
    keep_report(ctx, kind="rehearsal", key=key, data=data, release_id=release_id)


def _result(ctx: StepContext, rehearsal: Rehearsal, checks: tuple[CheckResult, ...]) -> RehearsalResult:
    return RehearsalResult(
        rehearsal=rehearsal,
        checks=checks,
        metadata={
            "rehearsal": str(rehearsal.id),
            "outcome": rehearsal.summary,
            "seconds": Table.of({"phase": name, "seconds": seconds} for name, seconds in rehearsal.phases.items()),
            "downtime": downtime_table(ctx, rehearsal.release_id),
        },
    )
