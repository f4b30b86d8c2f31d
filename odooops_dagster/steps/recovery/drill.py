"""Step `drill`: test a backup by restoring and booting it in an isolated sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from odooops_dagster.checks.attachment import check_attachment
from odooops_dagster.errors import OdooOpsError, StepFailed, Unavailable
from odooops_dagster.kinds import backup_named_by
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup, Build, CheckResult, DatabaseAccess, Drill, Service, Table
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.reports import keep_report
from odooops_dagster.steps.core.server import require_server
from odooops_dagster.steps.environment.health import wait_until_healthy
from odooops_dagster.steps.recovery.drill_alarm import Fault, tell_of_drill
from odooops_dagster.steps.recovery.drill_sandbox import URL, DrillSandbox, scratch
from odooops_dagster.steps.recovery.load import (
    Stored,
    build_of,
    compare_files,
    compare_rows,
    compare_schema,
    load_backup,
    open_backup,
)
from odooops_dagster.steps.recovery.verify import verify_again
from odooops_dagster.tools.backup.repositories import mirror_of, repository_of
from odooops_dagster.tools.backup.repository import Damaged
from odooops_dagster.tools.postgres.contents import module_states, read_rows
from odooops_dagster.tools.sanitize import neutralize
from odooops_dagster.tools.sanitize.neutralize import Script
from odooops_dagster.tools.sanitize.pipeline import sanitize
from odooops_dagster.tools.sanitize.terms import Terms
from odooops_dagster.wording import age_text

# The number of attachments among which one is chosen to read; Odoo replaces the ones it generates itself.
_CANDIDATES = 100
# The prefix of the reason of a drill that could not finish; a fault of the backup needs none.
_SAYS: Mapping[Fault, str] = {
    "backup": "",
    "code": "the code that served the backup cannot be had: ",
    "sanitising": "the data came back whole, but the copy cannot be made harmless: ",
    "platform": "the drill could not be carried out: ",
}


@dataclass(frozen=True, kw_only=True)
class DrillResult:
    """The drill's outcome and the checks that decided it."""

    drill: Drill
    backup: Backup
    checks: tuple[CheckResult, ...]
    metadata: Mapping[str, Any]
    data_version: str


@dataclass
class _Proof:
    """The results of a drill so far; `fault` is the cause to record if the current part fails."""

    backup: Backup
    started: float
    fault: Fault = "code"
    checks: list[CheckResult] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks if check.blocking)

    def done(self, what: str) -> None:
        """Record the seconds since the last call under the part's name."""
        spent = time.monotonic() - self.started
        self.seconds[what] = round(spent - sum(self.seconds.values()), 3)


def run_drill(ctx: StepContext) -> DrillResult:
    """Restore a backup into a sandbox, compare it, make it harmless, boot it, and read an attachment.

    Raises:
        StepFailed: there is no verified backup, its build is gone, or PostgreSQL refuses its dump.
        Damaged: an object in the store differs from what was written.
    """
    ended = [drill for drill in ctx.control.drills.list(ctx.project.id) if drill.run_id == ctx.run.id]
    if ended and ended[0].finished_at is not None:
        return _told_before(ctx, ended[0])
    proof_started = time.monotonic()
    restore = ctx.control.backups.start_restore(ctx.fence, backup_id=_newest(ctx), purpose="drill")
    drill = ctx.control.drills.start(ctx.fence)
    proof = _Proof(backup=ctx.control.backups.get(restore.backup_id), started=proof_started)
    try:
        rto_seconds = _prove(ctx, proof)
    except (OdooOpsError, OSError) as exc:
        with suppress(OdooOpsError):  # the first error is the one to raise
            _note_failure(ctx, proof, drill, exc)
        raise
    return _end(ctx, proof, drill, rto_seconds)


def _told_before(ctx: StepContext, drill: Drill) -> DrillResult:
    """Return the result of an earlier attempt that was killed before it could end its run."""
    checks = tuple(CheckResult(**check) for check in drill.report.get("checks", ()))
    if not drill.passed and all(check.passed for check in checks if check.blocking):
        raise StepFailed(drill.summary)
    backup = ctx.control.backups.get(drill.backup_id)
    return DrillResult(
        drill=drill,
        backup=backup,
        checks=checks,
        metadata={"backup": str(backup.id), "outcome": drill.summary},
        data_version=f"{backup.manifest_sha256}@{drill.id}",
    )


def _newest(ctx: StepContext) -> UUID | None:
    """Return the id of the environment's newest verified backup; None if the run's config names one."""
    if backup_named_by(ctx.run) is not None:
        return None
    found = ctx.control.backups.newest_verified(ctx.environment.id)
    if found is None:
        raise StepFailed(
            f"{ctx.environment.partition_key} has no verified backup to try",
            hint=f"ops backup create {ctx.project.slug} {ctx.environment.branch}",
        )
    return found.id


def _prove(ctx: StepContext, proof: _Proof) -> float:
    """Run all parts of the drill and return the seconds it took; a failed check ends it early."""
    build = build_of(ctx, proof.backup)
    require_server(ctx, build.series)
    proof.fault = "backup"
    stored = open_backup(ctx, proof.backup, is_proof=True)
    with scratch(ctx) as (place, access):
        loaded = load_backup(ctx, stored, access, place.filestore)
        proof.done("restore")
        facts, rows = compare_rows(ctx, stored, access, loaded)
        proof.checks += [rows, compare_schema(loaded), compare_files(stored, facts, place.filestore, hashed=True)]
        proof.done("comparison")
        if proof.passed:
            attachments = _attachments(stored, access)
            proof.fault = "sanitising"
            _silence(ctx, proof, build, access, [_opened(attachments)] if attachments else [])
            proof.fault = "backup" if _is_known(proof.backup) else "code"
            service = _boot(ctx, proof, build, place, access)
            if proof.passed:
                proof.checks.append(_read(service, _first_left(access, attachments)))
        return time.monotonic() - proof.started


def _is_known(backup: Backup) -> bool:
    """Return whether the record names the code that served the data; for an adopted production it is only presumed."""
    return bool(backup.image_digest or backup.git_sha)


def _attachments(stored: Stored, access: DatabaseAccess) -> dict[int, str]:
    """Return the ids of attachments that Odoo can serve and their SHA-1; empty if there are none."""
    sha1s = {file.name: file.expected_sha1 for file in stored.files if file.size_bytes}
    found = read_rows(
        access,
        "select id, store_fname from public.ir_attachment"
        " where store_fname <> '' and store_fname !~ '^[^/]+://'"
        " and (url is null or url not like '/web/%%') order by id limit %(limit)s",
        {"limit": _CANDIDATES},
    )
    return {int(row["id"]): sha1 for row in found if (sha1 := sha1s.get(row["store_fname"]))}


def _first_left(access: DatabaseAccess, attachments: Mapping[int, str]) -> tuple[int, str] | None:
    """Return the first attachment that the scrub left in place: it deletes private keys, which are attachments too."""
    found = read_rows(
        access,
        "select id from public.ir_attachment where id = any(%(ids)s) order by id",
        {"ids": list(attachments)},
    )
    return next(((int(row["id"]), attachments[int(row["id"])]) for row in found), None)


def _read(service: Service, attachment: tuple[int, str] | None) -> CheckResult:
    """Read the attachment through Odoo."""
    if attachment is None:
        return CheckResult(name="attachment_readable", passed=True, summary="the backup has no attachment to read")
    return check_attachment(URL, attachment_id=attachment[0], sha1=attachment[1], socket=service.socket)


def _opened(attachments: Mapping[int, str]) -> Script:
    """Return a script that makes the attachments readable without a password; the database is discarded afterwards."""
    numbers = ", ".join(f"{number:d}" for number in attachments)
    return Script(
        name="the drill's attachments",
        text=f"update public.ir_attachment set public = true where id in ({numbers})",  # noqa: S608 - numbers
    )


def _silence(ctx: StepContext, proof: _Proof, build: Build, access: DatabaseAccess, scripts: Sequence[Script]) -> None:
    """Make the copy harmless before any Odoo opens it: a drill must contact nobody."""
    installed = neutralize.installed(module_states(access))
    rules = ctx.control.policies.get(ctx.project.id, policy_type="clone")
    done = sanitize(
        access,
        scripts=neutralize.scripts(installed, build.addons_paths),
        masks=scripts,
        progress=lambda line: ctx.log("debug", line),
        terms=Terms(
            columns=rules["columns"], is_of_tables=build.digest == proof.backup.image_digest, is_discarded=True
        ),
    )
    proof.report["harmless"] = asdict(done)
    proof.done("silencing")


def _boot(ctx: StepContext, proof: _Proof, build: Build, place: DrillSandbox, access: DatabaseAccess) -> Service:
    """Start the build on the copy, run the health check, and return the service."""
    service = place.service(ctx.settings, access, build)
    ctx.runtime.start(service)
    ctx.log("info", "the copy starts")
    proof.checks.append(wait_until_healthy(ctx, service, URL, access))
    proof.done("boot")
    return service


def _end(ctx: StepContext, proof: _Proof, drill: Drill, rto_seconds: float) -> DrillResult:
    """Store the report as evidence and record the drill's outcome."""
    backup, checks = proof.backup, tuple(proof.checks)
    rpo_seconds = (drill.started_at - backup.moment).total_seconds()
    failed = [check for check in checks if check.blocking and not check.passed]
    lost = age_text(timedelta(seconds=rpo_seconds))
    summary = (
        _blame(ctx, proof, failed[0])
        if failed
        else f"answers {rto_seconds:.1f} s after its start; {lost} of work would be lost"
    )
    found = {"fault": proof.fault} if failed else {}
    report = (
        _report(proof, drill) | found | {"rto_seconds": round(rto_seconds, 3), "rpo_seconds": round(rpo_seconds, 3)}
    )
    ended = ctx.control.drills.end(
        ctx.fence,
        passed=not failed,
        summary=summary,
        rto_seconds=None if failed else round(rto_seconds, 3),
        rpo_seconds=round(max(rpo_seconds, 0), 3),
        evidence_id=_keep(ctx, report),
        report=report,
    )
    tell_of_drill(ctx, ended)
    ctx.log("info" if ended.passed else "error", f"drill of backup {backup.id}: {summary}")
    metadata = {
        "backup": str(backup.id),
        "taken_at": backup.taken_at,
        "rto_seconds": round(rto_seconds, 1),
        "rpo_seconds": round(rpo_seconds),
        "outcome": summary,
        "seconds": Table.of({"part": part, "seconds": seconds} for part, seconds in proof.seconds.items()),
    }
    return DrillResult(
        drill=ended,
        backup=backup,
        checks=checks,
        metadata=metadata,
        data_version=f"{backup.manifest_sha256}@{ended.id}",
    )


def _blame(ctx: StepContext, proof: _Proof, failed: CheckResult) -> str:
    """Return the failed check, and a note if the code rather than the backup may be the cause."""
    message = f"{failed.name}: {failed.summary}"
    if proof.fault == "backup":
        return message
    key = ctx.control.environments.by_id(proof.backup.environment_id).partition_key
    return f"{message}; nobody here knows which commit serves {key}, so its branch's newest was started"


def _note_failure(ctx: StepContext, proof: _Proof, drill: Drill, exc: Exception) -> None:
    """Record a drill that could not finish; verify a damaged backup again, so that its row becomes failed."""
    fault: Fault = "platform" if isinstance(exc, (Unavailable, OSError)) else proof.fault
    summary = _SAYS[fault] + " ".join(str(exc).split())
    if isinstance(exc, Damaged):
        repository = repository_of(ctx.store, ctx.settings, ctx.project.slug)
        with suppress(OdooOpsError):  # the drill's outcome is recorded in any case
            verify_again(
                ctx.control,
                repository,
                proof.backup,
                programs=pg_programs(ctx.settings),
                mirror=mirror_of(ctx.settings, ctx.project.slug),
            )
    report = _report(proof, drill) | {"error": summary, "fault": fault}
    evidence_id = _keep(ctx, report)
    ended = ctx.control.drills.end(ctx.fence, passed=False, summary=summary, evidence_id=evidence_id, report=report)
    tell_of_drill(ctx, ended)


def _report(proof: _Proof, drill: Drill) -> dict[str, Any]:
    backup = proof.backup
    return {
        "drill_id": str(drill.id),
        "backup_id": str(backup.id),
        "taken_at": backup.taken_at.isoformat() if backup.taken_at else None,
        "manifest_url": backup.manifest_url,
        "manifest_sha256": backup.manifest_sha256,
        "image_digest": backup.image_digest,
        "checks": [asdict(check) for check in proof.checks],
        "seconds": proof.seconds,
        **proof.report,
    }


def _keep(ctx: StepContext, report: Mapping[str, Any]) -> UUID:
    """Store the report and return the id of the evidence."""
    data = json.dumps(report, indent=1, default=str).encode()
    return keep_report(ctx, kind="recovery_drill", key=f"drill-{ctx.run.attempt}.json", data=data)
