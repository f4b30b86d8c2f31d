"""Apply the result of reading a backup back: to its row, to backups that share its objects, and to the next backup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict, StepFailed, Unavailable
from odooops_dagster.kinds import VerifyConfig
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup, Environment, LogLevel
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.progress import Meter
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.manifest import LaterFormat, Manifest
from odooops_dagster.tools.backup.mirror import mend_from
from odooops_dagster.tools.backup.parallel import Progress, silent
from odooops_dagster.tools.backup.quarantine import quarantine, release_from_quarantine
from odooops_dagster.tools.backup.repositories import manifest_key, manifest_of, mirror_of, repository_of
from odooops_dagster.tools.backup.repository import Damaged, Repository
from odooops_dagster.tools.backup.verify import Defect, Verification, verify

# At most this many names fit in a line.
_NAMES_SAID = 5
# At most this many names of lost files go into the run's event.
_MISSING_NAMED = 1000


# The key of the result in the run's events.
RESULT = "verification"


@dataclass(frozen=True, kw_only=True)
class VerifiedAgain:
    """The backup's row as it is now, its fault in one line, and the full result of the reading."""

    backup: Backup
    fault: str | None
    verification: Verification | None

    def to_payload(self) -> dict[str, object]:
        """Return the result for the run's event."""
        read = self.verification
        return {
            "backup": str(self.backup.id),
            "is_good": self.fault is None,
            "fault": self.fault,
            "objects": read.object_count if read else None,
            "files": read.file_count if read else None,
            "read_bytes": read.read_bytes if read else None,
            "missing_in_production": list(read.missing[:_MISSING_NAMED]) if read else [],
        }


def verify_backup(ctx: StepContext) -> VerifiedAgain:
    """Read the run's backup back and record the result.

    Raises:
        StepFailed: the backup is damaged.
        Unavailable: the store does not answer; nothing is recorded.
        Conflict: a run works on the backup, it was dropped, or it cannot be read with this key.
    """
    backup = ctx.control.backups.get(VerifyConfig.of(ctx.run).backup_id)
    done = verify_again(
        ctx.control,
        repository_of(ctx.store, ctx.settings, ctx.project.slug),
        backup,
        programs=pg_programs(ctx.settings),
        mirror=mirror_of(ctx.settings, ctx.project.slug),
        progress=Meter(ctx.control.logs, ctx.fence),
    )
    said = f"backup {backup.id} is " + ("good" if done.fault is None else f"damaged: {done.fault}")
    level: LogLevel = "info" if done.fault is None else "error"
    ctx.control.logs.event(ctx.fence, level=level, message=said, payload={RESULT: done.to_payload()})
    if done.fault is not None:
        raise StepFailed(said, hint=f"ops backup create {_branch(ctx.environment)}, which stores it anew")
    ctx.log("info", said)
    return done


def _branch(environment: Environment) -> str:
    return environment.partition_key.replace("/", " ", 1)


def verify_again(
    control: ControlPlane,
    repository: Repository,
    backup: Backup,
    *,
    programs: Programs,
    mirror: Repository | None = None,
    progress: Progress = silent,
) -> VerifiedAgain:
    """Read a backup back from the store, mended from the mirror if there is one, and record the result in its row.

    Raises:
        Unavailable: the store does not answer; nothing is recorded.
        Conflict: a run works on the backup, it was dropped, or it cannot be read with this key.
    """
    try:
        manifest = _manifest_of(repository, mirror, backup)
    except Conflict as exc:
        if not _is_a_verdict(repository, backup, exc):
            raise
        if not repository.answers():
            raise Unavailable(
                f"the store gives up nothing of the backups in {repository.prefix}: {exc}",
                hint="see whether it is mounted, whether it is the right one, and whether this account may read it",
            ) from exc
        return VerifiedAgain(
            backup=control.backups.record_recheck(backup, error_message=str(exc)), fault=str(exc), verification=None
        )
    verification = read_back(repository, manifest, programs=programs, mirror=mirror, progress=progress)
    settle(control, repository, backup, manifest, verification)
    fault = None if verification.is_good else in_one_line(verification.defects)
    return VerifiedAgain(
        backup=control.backups.record_recheck(backup, error_message=fault), fault=fault, verification=verification
    )


def _manifest_of(repository: Repository, mirror: Repository | None, backup: Backup) -> Manifest:
    """Return the backup's manifest; what the store lost of it is written there again from the mirror."""
    try:
        return manifest_of(repository, backup)
    except Conflict:
        if mirror is None or backup.mirror_url is None:
            raise
        manifest = manifest_of(mirror, backup)
        repository.write_manifest(manifest)
        return manifest


def read_back(
    repository: Repository,
    manifest: Manifest,
    *,
    programs: Programs,
    mirror: Repository | None,
    progress: Progress = silent,
) -> Verification:
    """Read a backup back from the store; where something is damaged that the mirror has whole, mend it and read again.

    Raises:
        Unavailable: the store does not answer; nothing is known about the backup.
    """
    found = verify(repository, manifest, programs=programs, progress=progress)
    if found.is_good or mirror is None or not mend_from(mirror, repository, manifest, found):
        return found
    return verify(repository, manifest, programs=programs, progress=progress)


def settle(
    control: ControlPlane, repository: Repository, backup: Backup, manifest: Manifest, verification: Verification
) -> None:
    """Release verified objects, quarantine damaged ones, and fail every other backup that uses a damaged one."""
    damaged = verification.quarantined
    quarantine(repository, damaged)
    release_from_quarantine(repository, manifest.objects.keys() - damaged)
    if damaged:
        for other in control.backups.list(backup.project_id, status="verified"):
            if other.id != backup.id and damaged & _objects(repository, other):
                found = f"it needs an object that was found damaged when backup {backup.id} was read"
                control.backups.record_recheck(other, error_message=found)


def in_one_line(defects: Sequence[Defect]) -> str:
    """Return the defects and the first few names of each in one line: one object may hold a hundred files."""
    subjects: dict[str, list[str]] = {}
    for defect in defects:
        subjects.setdefault(defect.message, []).append(defect.subject)
    return few([f"{message} ({few(names)})" for message, names in subjects.items()], "; ")


def few(names: Sequence[str], between: str = ", ") -> str:
    """Return the first few names and the number of the others."""
    more = len(names) - _NAMES_SAID
    return between.join(names[:_NAMES_SAID]) + (f"{between}and {more} more" if more > 0 else "")


def _objects(repository: Repository, backup: Backup) -> frozenset[str]:
    try:
        return frozenset(manifest_of(repository, backup).objects)
    except Conflict:
        return frozenset()  # its own check reports a manifest that cannot be read


def _is_a_verdict(repository: Repository, backup: Backup, error: Conflict) -> bool:
    """Return whether an unreadable manifest is damaged or of a later format, and not just read with a wrong key.

    A missing key raises an error with a hint. A wrong key and damage look the same; a key that reads another manifest
    is the right one.
    """
    if isinstance(error, Damaged | LaterFormat):
        return True
    if error.hint:
        return False
    if not repository.sealer.is_encrypting:
        return True
    others = (key for key in repository.manifests() if key != manifest_key(backup))
    return any(_is_readable(repository, key) for key in others)


def _is_readable(repository: Repository, key: str) -> bool:
    try:
        repository.manifest(key)
    except Conflict:
        return False
    return True
