"""Step `restore`: restore a backup beside the current database, prove it, and switch to it in one statement.

The previous database is kept for the hours that policy sets, so that the restore can be undone. Until that statement
the environment's row names the old database: after a failure, a cancel or a kill it still serves.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from odooops_dagster.errors import BadInput, Conflict, OdooOpsError, StepFailed
from odooops_dagster.home import database_name, filestore, role_name
from odooops_dagster.kinds import RestoreConfig
from odooops_dagster.model import Backup, Build, CheckResult, Restore, Table, blocking_failure
from odooops_dagster.steps.build.image import kept_build
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.files import copy_tree
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.core.undo import Undo, undoing
from odooops_dagster.steps.environment.deployment import switch
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.recovery.load import (
    Stored,
    build_of,
    compare_files,
    compare_rows,
    compare_schema,
    damaged_files,
    load_backup,
    open_backup,
)
from odooops_dagster.steps.recovery.rows_apply import apply_records
from odooops_dagster.tools.backup.filestore import inside

_GRACE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class RestoreResult:
    """The environment's URL and database after the restore, and the checks that decided it."""

    url: str | None
    database: str | None
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


def restore_environment(ctx: StepContext) -> RestoreResult:
    """Carry out the run's config: a full restore, a restore of one part or of single records, or the undo of one.

    Raises:
        StepFailed: the backup cannot be restored completely, or its build is not healthy; the environment is unchanged.
        Damaged: an object in the store differs from what was written; the environment is unchanged.
    """
    config = RestoreConfig.of(ctx.run)
    if _was_done(ctx):
        return _told_before(ctx)
    if config.records is not None:
        return _records(ctx, config.records)
    if config.undo is not None:
        return _swap_back(ctx, ctx.control.backups.get_restore(config.undo))
    restore = ctx.control.backups.start_restore(ctx.fence)
    try:
        stored = open_backup(ctx, ctx.control.backups.get(restore.backup_id))
        result = _mend_files(ctx, stored) if _only(ctx) == "filestore" else _restore(ctx, stored)
    except (OdooOpsError, OSError) as exc:
        _note_failure(ctx, " ".join(str(exc).split()))
        raise
    failed = blocking_failure(result.checks)
    if failed is not None:
        _note_failure(ctx, f"{failed.name}: {failed.summary}")
    return result


def _records(ctx: StepContext, told: dict[str, object]) -> RestoreResult:
    """Write single records into the live database, which keeps serving."""
    review, done = apply_records(ctx, told)
    database = str(ctx.environment.database_name)
    ctx.log(
        "info", f"{done.inserted} record(s) inserted, {done.updated} updated, {len(done.files)} file(s) brought back"
    )
    return RestoreResult(
        url=ctx.environment.url,
        database=database,
        checks=(),
        metadata={
            "database": database,
            "backup": review.header.backup_id,
            "inserted": done.inserted,
            "updated": done.updated,
            "files": len(done.files),
        },
        data_version=f"{database}+{ctx.run.id}",
    )


def _only(ctx: StepContext) -> str | None:
    """Return the part to restore, `database` or `filestore`; None for both."""
    only = RestoreConfig.of(ctx.run).only
    if only not in (None, "database", "filestore"):
        raise BadInput(f"a restore of only {only!r} is not known", hint="restore only the database or the filestore")
    return only


def _restore(ctx: StepContext, stored: Stored) -> RestoreResult:
    """Restore the data into a database named for this run, and switch the environment to it."""
    name, role = database_name(ctx.environment, ctx.run), role_name(ctx.environment)
    folder = filestore(ctx.settings.home, ctx.environment, name)
    build = _build(ctx, stored.backup)
    require_server(ctx, build.series)
    with undoing(ctx.log) as undo:
        ctx.databases.ensure_role(role)
        # The files are removed only after the record's check: it may have a swap whose answer this run never received.
        undo.add(
            f"database {name} and its files",
            lambda: retire_database(ctx.control, ctx.databases, name, files=folder),
        )
        ctx.databases.create(name, owner=role)
        checks = _load_and_compare(ctx, stored, name, folder)
        if not all(check.passed for check in checks if check.blocking):
            undo.run()
            return _result(ctx, stored, None, (*checks,))
        report = _report(ctx, stored, checks)
        url, healthy = _switch(ctx, build, name, report, undo)
    return _result(ctx, stored, name if healthy.passed else None, (*checks, healthy), url=url)


def _build(ctx: StepContext, backup: Backup) -> Build:
    """Return the build that served the data, or the environment's current build if that one is gone."""
    try:
        return build_of(ctx, backup)
    except OdooOpsError as exc:
        current = kept_build(ctx, ctx.environment.image_digest)
        if current is None:
            raise
        ctx.log("warn", f"{exc}; trying the environment's own build {current.digest[:19]}")
        return current


def _load_and_compare(ctx: StepContext, stored: Stored, name: str, folder: Path) -> list[CheckResult]:
    """Fill the database and the folder, and compare both with the backup."""
    access = ctx.databases.access(name, role=role_name(ctx.environment))
    current = _current_files(ctx)
    if _only(ctx) == "database":
        loaded = load_backup(ctx, stored, access, None)
        copy_tree(current or folder.with_name("nothing"), folder)
    else:
        loaded = load_backup(ctx, stored, access, folder, twin=current)
    facts, rows = compare_rows(ctx, stored, access, loaded)
    schema = compare_schema(loaded)
    if _only(ctx) == "database":
        return [rows, schema, _files_at_hand(stored, facts.file_names, folder)]
    return [rows, schema, compare_files(stored, facts, folder, hashed=False)]


def _current_files(ctx: StepContext) -> Path | None:
    database = ctx.environment.database_name
    return filestore(ctx.settings.home, ctx.environment, database) if database else None


def _files_at_hand(stored: Stored, names: tuple[str, ...], folder: Path) -> CheckResult:
    """Return the check of files that the restored database names and the kept filestore lacks: not blocking."""
    missing = [name for name in names if name not in stored.manifest.missing and not inside(folder, name).is_file()]
    return CheckResult(
        name="files_complete",
        passed=not missing,
        blocking=False,
        summary=f"{len(missing)} file(s) are not in the filestore that was kept: {', '.join(missing[:5])}"
        if missing
        else f"the filestore that was kept has all {len(names)} files",
        metadata={"bad": missing[:100]},
    )


def _switch(
    ctx: StepContext, build: Build, name: str, report: Mapping[str, Any], undo: Undo
) -> tuple[str, CheckResult]:
    """Switch the environment to the restored database and keep the old one."""
    hours = int(ctx.control.policies.get(ctx.project.id, policy_type="clone")["keep_previous_hours"])
    record = partial(
        ctx.control.backups.swap, keep_previous_until=datetime.now(UTC) + timedelta(hours=hours), report=report
    )
    url, healthy = switch(ctx, build, name, undo=undo, record=record)
    if healthy.passed and ctx.environment.database_name:
        ctx.log("info", f"{ctx.environment.database_name} is kept for {hours} h, for ops backup undo")
    return url, healthy


def _mend_files(ctx: StepContext, stored: Stored) -> RestoreResult:
    """Restore the missing and damaged files of the live filestore; nothing else changes."""
    folder, database = _current_files(ctx), ctx.environment.database_name
    if folder is None or database is None:
        raise StepFailed(
            f"{ctx.environment.partition_key} was never deployed: it has no filestore to mend",
            hint="restore the whole backup: leave --only out",
        )
    wanted = damaged_files(stored, folder)
    draft = ctx.run_folder / f"files-{ctx.run.attempt}"
    missing = sum(not inside(folder, file.name).exists() for file in wanted)
    with undoing(ctx.log) as undo:
        undo.add(f"folder {draft}", lambda: shutil.rmtree(draft, ignore_errors=True))
        load_backup(ctx, replace(stored, files=wanted), None, draft)
        for file in wanted:
            target = inside(folder, file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            inside(draft, file.name).replace(target)  # atomic; a repeat changes nothing
        undo.run()
    summary = f"{missing} missing and {len(wanted) - missing} damaged file(s) of {len(stored.files)} brought back"
    check = CheckResult(name="files_complete", passed=not damaged_files(stored, folder), summary=summary)
    ctx.log("info", summary)
    if check.passed:
        ctx.control.backups.end_restore(ctx.fence, database_name=database, report={"files": summary})
    return _result(ctx, stored, database, (check,), url=ctx.environment.url)


def _swap_back(ctx: StepContext, undone: Restore) -> RestoreResult:
    """Undo a restore: switch back to the previous database with the build that served it."""
    previous = _previous_of(ctx, undone)
    record = undone.report.get("previous", {})
    build = kept_build(ctx, record.get("image_digest"))
    if build is None:
        raise StepFailed(
            f"the build of {previous} is gone: {record.get('image_digest')}",
            hint=f"push commit {record.get('git_sha')} again, or restore a backup",
        )
    with undoing(ctx.log) as undo:
        url, healthy = switch(ctx, build, previous, undo=undo, record=ctx.control.environments.record_deployment)
    return RestoreResult(
        url=url,
        database=previous if healthy.passed else None,
        checks=(healthy,),
        metadata={"url": url, "database": previous, "undone": str(undone.id), "kept": undone.database_name},
        data_version=f"{build.digest}@{previous}",
    )


def _previous_of(ctx: StepContext, undone: Restore) -> str:
    """Return the database that the restore replaced, if it still exists and the restore's own database serves now."""
    previous = undone.previous_database_name
    if undone.environment_id != ctx.environment.id or undone.status != "succeeded" or previous is None:
        raise Conflict(
            f"restore {undone.id} replaced nothing in {ctx.environment.partition_key}", hint="ops backup restore --help"
        )
    if ctx.environment.database_name != undone.database_name:
        raise Conflict(
            f"{ctx.environment.partition_key} serves {ctx.environment.database_name}, which that restore did not make",
            hint="restore a backup instead: ops backup list",
        )
    if undone.is_over(now=ctx.run.created_at) or not ctx.databases.exists(previous):
        raise Conflict(
            f"{previous} was kept until {undone.keep_previous_until} and is gone",
            hint="restore a backup instead; policy clone.keep_previous_hours says how long a database is kept",
        )
    return previous


def kept_databases(restores: Sequence[Restore], *, now: datetime) -> set[str]:
    """Return the databases on both sides of every restore that can be undone, and for an hour after that.

    The hour is for an undo that was requested in time and waits in the queue.
    """
    kept = (restore for restore in restores if not restore.is_over(now=now - _GRACE))
    return {name for restore in kept for name in (restore.database_name, restore.previous_database_name) if name}


def _was_done(ctx: StepContext) -> bool:
    """Return whether an earlier attempt of the run finished the work, and was killed before it could end the run."""
    restores = ctx.control.backups.restores(environment_id=ctx.environment.id, purpose="restore")
    mine = next((restore for restore in restores if restore.run_id == ctx.run.id), None)
    if mine is not None and mine.status == "failed":
        raise StepFailed(str(mine.error_message))
    return ctx.environment.deployed_run_id == ctx.run.id or (mine is not None and mine.status == "succeeded")


def _told_before(ctx: StepContext) -> RestoreResult:
    """Return the result of an earlier attempt."""
    ctx.log("info", f"an earlier attempt restored {ctx.environment.database_name}")
    return RestoreResult(
        url=ctx.environment.url,
        database=ctx.environment.database_name,
        checks=(),
        metadata={"url": ctx.environment.url, "database": ctx.environment.database_name},
        data_version=f"{ctx.environment.image_digest}@{ctx.environment.database_name}",
    )


def _note_failure(ctx: StepContext, message: str) -> None:
    with suppress(OdooOpsError):  # a lost lease: the next worker ends the restore
        ctx.control.backups.end_restore(ctx.fence, error_message=message)


def _report(ctx: StepContext, stored: Stored, checks: list[CheckResult]) -> dict[str, Any]:
    """Return the report for the restore's row; an undo reads it."""
    return {
        "only": _only(ctx),
        "manifest_sha256": stored.manifest.sha256,
        "previous": {"image_digest": ctx.environment.image_digest, "git_sha": ctx.environment.deployed_sha},
        "checks": {check.name: check.summary for check in checks},
    }


def _result(
    ctx: StepContext,
    stored: Stored,
    database: str | None,
    checks: tuple[CheckResult, ...],
    *,
    url: str | None = None,
) -> RestoreResult:
    return RestoreResult(
        url=url,
        database=database,
        checks=checks,
        metadata={
            "url": url,
            "database": database,
            "replaced": ctx.environment.database_name,
            "backup": str(stored.backup.id),
            "taken_at": stored.manifest.taken_at,
            "size_bytes": stored.manifest.size_bytes,
            "checks": Table.of({"check": c.name, "passed": c.passed, "summary": c.summary} for c in checks),
        },
        data_version=f"{stored.manifest.sha256}@{database}",
    )
