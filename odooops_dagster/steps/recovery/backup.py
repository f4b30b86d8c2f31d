"""Step `backup`: write an environment's data to the store, and read them back before anybody relies on them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

from odooops_dagster.checks.restored import judge_left_out
from odooops_dagster.errors import Conflict, StepFailed
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup, CheckResult, StoredBackup
from odooops_dagster.steps.core import evidence
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.progress import Meter
from odooops_dagster.steps.recovery.backup_logs import log_sources, logs_summary
from odooops_dagster.steps.recovery.data_location import locate_data
from odooops_dagster.steps.recovery.proof import NOT_ASKED, Proof, prove_loadable
from odooops_dagster.steps.recovery.verify import few, in_one_line, read_back, settle
from odooops_dagster.steps.recovery.zips import KeptZip, create_from_zip, forget_zip
from odooops_dagster.tools.backup.create import Created, create
from odooops_dagster.tools.backup.external_files import summary_of
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.quarantine import quarantined
from odooops_dagster.tools.backup.repositories import manifest_of, mirror_of, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.repository_lock import LOCK_TTL, RepositoryLocked
from odooops_dagster.tools.backup.verify import Verification
from odooops_dagster.wording import rate_text, size_text

# Within this time a garbage collection has ended, or its stale lock has expired.
_COLLECTOR_PATIENCE = LOCK_TTL + timedelta(minutes=5)
_PAUSE_SECONDS = 10.0
# At most this many names fit in a row and on a page; the manifest has all of them.
_NAMES_SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class BackupResult:
    """The backup's row, and the checks that decide whether it is good."""

    backup: Backup
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


def back_up(ctx: StepContext) -> BackupResult:
    """Make the run's backup of the context's environment and read it back; a later attempt continues an earlier one.

    Raises:
        StepFailed: there are no data, or pg_dump failed.
        Unavailable: the database or the store does not answer.
    """
    repository = repository_of(ctx.store, ctx.settings, ctx.project.slug)
    backup = ctx.control.backups.start(ctx.fence, environment_id=ctx.environment.id)
    manifest = _earlier(ctx, repository, backup)
    if manifest is None:
        backup, manifest = _make(ctx, repository, backup)
    elif backup.status == "verified":
        summary = f"was read back whole at {backup.verified_at:%Y-%m-%d %H:%M:%S %Z}"
        return _result(ctx, backup, manifest, prove_loadable(ctx, repository, manifest), _check(summary))
    else:
        backup = ctx.control.backups.record_stored(ctx.fence, _as_stored(backup))
    return _prove(ctx, repository, backup, manifest)


def _earlier(ctx: StepContext, repository: Repository, backup: Backup) -> Manifest | None:
    """Return the manifest of an earlier attempt of the run; None if there is none or it is unusable."""
    if backup.manifest_sha256 is None:
        return None
    try:
        manifest = manifest_of(repository, backup)
    except Conflict as exc:
        if backup.status == "verified":
            raise  # a verified backup is damaged: its own check reports that; do not replace it silently
        ctx.log("warn", f"what an earlier attempt stored cannot be used, the backup is made again: {exc}")
        return None
    ctx.log("info", "an earlier attempt stored everything; it remains to be read back")
    return manifest


def _make(ctx: StepContext, repository: Repository, backup: Backup) -> tuple[Backup, Manifest]:
    """Make the backup and record that it is stored."""
    started = time.monotonic()
    created = _create_in_turn(ctx, repository, backup)
    manifest, is_own = created.manifest, KeptZip.of(ctx.run) is None
    how = rate_text(manifest.size_bytes, time.monotonic() - started)
    ctx.log("info", f"stored: {how}; {size_text(created.stored_bytes)} were new to the store")
    stored = StoredBackup(
        manifest_url=created.url,
        manifest_sha256=manifest.sha256,
        taken_at=manifest.taken_at,
        size_bytes=manifest.size_bytes,
        stored_bytes=created.stored_bytes,
        object_count=len(manifest.objects),
        format_version=manifest.version,
        database_name=manifest.database_name,
        odoo_version=_series(manifest) or ctx.project.odoo_version,
        # No build of ours served imported data.
        git_sha=ctx.environment.deployed_sha if is_own else None,
        image_digest=ctx.environment.image_digest if is_own else None,
        metadata=_facts(created),
    )
    return ctx.control.backups.record_stored(ctx.fence, stored), manifest


def _create_in_turn(ctx: StepContext, repository: Repository, backup: Backup) -> Created:
    """Make the backup; wait while a garbage collection holds the lock."""
    deadline = time.monotonic() + _COLLECTOR_PATIENCE.total_seconds()
    while True:
        try:
            return _create(ctx, repository, backup)
        except RepositoryLocked as exc:
            if time.monotonic() > deadline:
                raise
            ctx.log("info", f"waits: {exc}")
            time.sleep(_PAUSE_SECONDS)


def _create(ctx: StepContext, repository: Repository, backup: Backup) -> Created:
    """Make the backup from the zip in the run's config, or from the environment's own data."""
    if kept := KeptZip.of(ctx.run):
        return create_from_zip(ctx, repository, backup, kept)
    origin = locate_data(ctx.databases, ctx.settings, ctx.environment)
    return create(
        repository,
        origin.access,
        backup_id=str(backup.id),
        filestore_path=origin.filestore,
        programs=pg_programs(ctx.settings),
        metadata=_of_environment(ctx, backup),
        logs=log_sources(ctx, origin),
        quarantine=quarantined(repository),
        progress=Meter(ctx.control.logs, ctx.fence),
    )


def _prove(ctx: StepContext, repository: Repository, backup: Backup, manifest: Manifest) -> BackupResult:
    """Read the backup back from the store, prove it on the environments' server, and record the result."""
    started = time.monotonic()
    verification = read_back(
        repository,
        manifest,
        programs=pg_programs(ctx.settings),
        mirror=mirror_of(ctx.settings, ctx.project.slug),
        progress=Meter(ctx.control.logs, ctx.fence),
    )
    seconds = time.monotonic() - started
    ctx.log("info", f"read back: {rate_text(verification.read_bytes, seconds)}")
    settle(ctx.control, repository, backup, manifest, verification)
    proof, fault = _loadable(ctx, repository, manifest, verification)
    _keep_report(ctx, backup, verification, proof, fault)
    if fault is None:
        backup = ctx.control.backups.record_verified(ctx.fence, manifest_sha256=manifest.sha256)
        forget_zip(ctx)
        summary = (
            f"{verification.object_count} objects and {verification.file_count} files read back as they were written"
        )
        return _result(ctx, backup, manifest, proof, _check(f"{summary}; {proof.summary}"))
    backup = ctx.control.backups.record_failed(ctx.fence, error_message=fault)
    return _result(ctx, backup, manifest, proof, _check(fault, passed=False))


def _loadable(
    ctx: StepContext, repository: Repository, manifest: Manifest, verification: Verification
) -> tuple[Proof, str | None]:
    """Return the proof of a load, and the fault that makes the backup unreliable, if there is one."""
    elsewhere = _elsewhere_check(ctx, manifest)
    if elsewhere.blocking and not elsewhere.passed:
        return NOT_ASKED, elsewhere.summary
    if not verification.is_good:
        return NOT_ASKED, f"the store does not hold what was written: {in_one_line(verification.defects)}"
    try:
        proof = prove_loadable(ctx, repository, manifest)
    except StepFailed as exc:
        hint = f" ({exc.hint})" if exc.hint else ""
        return NOT_ASKED, f"the server of the environments does not take it: {exc}{hint}"
    ctx.log("info", proof.summary)
    return proof, None


def _keep_report(ctx: StepContext, backup: Backup, verification: Verification, proof: Proof, fault: str | None) -> None:
    """Store the results of the reading and of the proof as evidence of the run."""
    report = {
        "backup_id": str(backup.id),
        "manifest_url": backup.manifest_url,
        "manifest_sha256": backup.manifest_sha256,
        "is_good": fault is None,
        "fault": fault,
        "loadable": asdict(proof),
        **asdict(verification),
    }
    evidence.record(
        ctx.control.artifacts,
        ctx.store,
        ctx.fence,
        key="backup-verification.json",
        data=json.dumps(report, indent=1, default=str).encode(),
        content_type="application/json",
    )


def _result(ctx: StepContext, backup: Backup, manifest: Manifest, proof: Proof, verified: CheckResult) -> BackupResult:
    left_out = judge_left_out([asdict(gone) for gone in proof.left_out])
    return BackupResult(
        backup=backup,
        checks=(_filestore_check(backup, manifest), _elsewhere_check(ctx, manifest), left_out, verified),
        metadata={
            "backup": str(backup.id),
            "status": backup.status,
            "taken_at": manifest.taken_at,
            "size": size_text(manifest.size_bytes),
            "size_bytes": manifest.size_bytes,
            "stored_bytes": backup.stored_bytes,
            "objects": len(manifest.objects),
            "files": manifest.file_count,
            "manifest": backup.manifest_url,
            "manifest_sha256": manifest.sha256,
            "verified": verified.summary,
            "logs": logs_summary(manifest.facts.get("logs", {})),
        },
        data_version=manifest.sha256,
    )


def _check(summary: str, *, passed: bool = True) -> CheckResult:
    return CheckResult(name="backup_verified", passed=passed, summary=summary)


def _filestore_check(backup: Backup, manifest: Manifest) -> CheckResult:
    """Return the check of missing and altered files: not blocking, because the backup is as complete as production."""
    rescued = tuple(backup.metadata.get("rescued", ()))
    found = {"missing": manifest.lost, "altered": manifest.altered, "rescued": rescued}
    findings = [
        f"{len(names)} {what}: {few(names)}"
        for what, names in zip(("missing", "altered", "lost but in an earlier backup"), found.values(), strict=True)
        if names
    ]
    gone = f"; Odoo deleted {len(manifest.deleted)} while the backup was made" if manifest.deleted else ""
    return CheckResult(
        name="filestore_complete",
        passed=not findings,
        blocking=False,
        summary=("; ".join(findings) or f"all {manifest.file_count} files are there and hash to their names") + gone,
        metadata={what: list(names[:_NAMES_SHOWN]) for what, names in found.items() if names}
        | ({"deleted_meanwhile": len(manifest.deleted)} if manifest.deleted else {}),
    )


def _elsewhere_check(ctx: StepContext, manifest: Manifest) -> CheckResult:
    """Return the check of attachments in object stores, which no backup includes; policy decides if it blocks."""
    stores = manifest.facts.get("elsewhere", {})
    rules = ctx.control.policies.get(ctx.project.id, policy_type="backup")
    return CheckResult(
        name="attachments_elsewhere",
        passed=not stores,
        blocking=bool(rules["attachments_elsewhere_fatal"]),
        summary=summary_of(stores) if stores else "every attachment is a file of the filestore or in the database",
        metadata={"stores": dict(stores)} if stores else {},
    )


def _of_environment(ctx: StepContext, backup: Backup) -> dict[str, Any]:
    """Return the manifest's facts on the data's origin, for readers who have only the store."""
    return {
        "project": ctx.project.slug,
        "environment": ctx.environment.name,
        "stage": ctx.environment.stage,
        "odoo_version": ctx.project.odoo_version,
        "git_sha": ctx.environment.deployed_sha,
        "image_digest": ctx.environment.image_digest,
        "label": backup.label,
    }


def _facts(created: Created) -> dict[str, Any]:
    """Return the row's summary of the data; the manifest has everything."""
    manifest = created.manifest
    rows: Mapping[str, int] = manifest.facts.get("rows", {})
    return {
        "server_version": manifest.facts.get("server_version"),
        "modules": manifest.facts.get("modules", {}),
        "table_count": len(rows),
        "row_count": sum(rows.values()),
        "file_count": manifest.file_count,
        "file_bytes": manifest.file_bytes,
        "missing_count": len(manifest.lost),
        "altered_count": len(manifest.altered),
        "elsewhere_count": sum(manifest.facts.get("elsewhere", {}).values()),
        "rescued": list(created.rescued[:_NAMES_SHOWN]),
    }


def _series(manifest: Manifest) -> str | None:
    """Return the Odoo series of the data, such as 19.0, from the version of its module `base`."""
    version = str(manifest.facts.get("modules", {}).get("base", ""))
    return ".".join(version.split(".")[:2]) if version.count(".") > 1 else None


def _as_stored(backup: Backup) -> StoredBackup:
    """Return what an earlier attempt recorded, so that this one can record it again."""
    return StoredBackup(**{field.name: getattr(backup, field.name) for field in fields(StoredBackup)})
