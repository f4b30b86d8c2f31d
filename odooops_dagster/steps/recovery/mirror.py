"""Keep a second store that holds every verified backup, proved by reading it back there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import BadInput, OdooOpsError, StepFailed, Unavailable
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup
from odooops_dagster.settings import Settings
from odooops_dagster.steps.recovery.retention import remove_dropped
from odooops_dagster.steps.recovery.verify import read_back
from odooops_dagster.tools.backup.mirror import mirror_backup
from odooops_dagster.tools.backup.repositories import manifest_key, manifest_of, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.store import ObjectStore
from odooops_dagster.wording import size_text

Report = Callable[[str], None]
# Where an object is put for a moment, to see whether two stores are one.
_PROBE = "probes/mirror"


@dataclass(frozen=True, kw_only=True)
class Mirrored:
    """What one turn did."""

    backups: int
    written_bytes: int
    removed: int

    def __str__(self) -> str:
        """Return the result in one line."""
        new = size_text(self.written_bytes)
        return f"{self.backups} backup(s) mirrored, {new} new; {self.removed} object(s) removed"


@dataclass(kw_only=True)
class _Turn:
    """One turn of the mirror; what fails is kept, and holds up nothing else."""

    control: ControlPlane
    settings: Settings
    store: ObjectStore
    mirror: ObjectStore
    name: str
    report: Report
    slugs: dict[UUID, str]
    failures: list[str] = field(default_factory=list)

    def second(self, project_id: UUID) -> Repository:
        return repository_of(self.mirror, self.settings, self.slugs[project_id])

    def fail(self, what: str, exc: OdooOpsError) -> None:
        self.failures.append(f"{what}: {exc}")
        self.report(self.failures[-1])


def mirror_backups(
    control: ControlPlane, settings: Settings, store: ObjectStore, mirror: ObjectStore, *, turn: str, report: Report
) -> Mirrored:
    """Mirror each verified backup, and remove from the mirror what was dropped.

    Raises:
        BadInput: the mirror is the store of the backups itself.
        Unavailable: the mirror holds none of what it held.
        StepFailed: something could not be done; everything else is.
    """
    slugs = {project.id: project.slug for project in control.projects.list()}
    at_work = _Turn(
        control=control, settings=settings, store=store, mirror=mirror, name=turn, report=report, slugs=slugs
    )
    _require_another(store, mirror)
    _forget_lost(at_work)
    sizes = [size for backup in control.backups.to_mirror(settings.mirror_url) for size in _mirrored(at_work, backup)]
    removed = sum(_cleared(at_work, project_id) for project_id in slugs)
    if at_work.failures:
        raise StepFailed(f"{len(at_work.failures)} thing(s) were not done; the first: {at_work.failures[0]}")
    return Mirrored(backups=len(sizes), written_bytes=sum(sizes), removed=removed)


def _require_another(store: ObjectStore, mirror: ObjectStore) -> None:
    """Refuse two names of one store: only an object that is put in one and looked for in the other tells."""
    mirror.put(_PROBE, b"")
    try:
        is_one = store.stat(_PROBE) is not None
    finally:
        mirror.delete(_PROBE)
    if is_one:
        raise BadInput("ODOOOPS_MIRROR_URL names the store of the backups itself", hint="name another store in it")


def _forget_lost(turn: _Turn) -> None:
    """Have mirrored again what the record says is in the mirror and is not there.

    Raises:
        Unavailable: nothing of it is there: it is rather not mounted, or another store.
    """
    url = turn.settings.mirror_url
    claimed = [backup for backup in turn.control.backups.list() if backup.mirror_url == url and _is_kept(backup)]
    there = {project: set(turn.second(project).manifests()) for project in {each.project_id for each in claimed}}
    lost = [backup for backup in claimed if manifest_key(backup) not in there[backup.project_id]]
    if claimed and len(lost) == len(claimed):
        raise Unavailable(
            f"the mirror holds none of the {len(claimed)} backup(s) that were proved there",
            hint="see whether it is mounted; to begin a new one, name another place in ODOOOPS_MIRROR_URL",
        )
    for backup in lost:
        turn.control.backups.forget_mirror(backup)
        turn.report(f"backup {backup.id} is no longer in the mirror, and is mirrored again")


def _is_kept(backup: Backup) -> bool:
    return backup.status in ("verified", "failed")


def _mirrored(turn: _Turn, backup: Backup) -> Sequence[int]:
    """Mirror the backup, and return the bytes that were written; nothing if it failed."""
    slug = turn.slugs[backup.project_id]
    source, target = repository_of(turn.store, turn.settings, slug), turn.second(backup.project_id)
    try:
        manifest = manifest_of(source, backup)
        written = mirror_backup(source, target, manifest)
        proved = read_back(target, manifest, programs=pg_programs(turn.settings), mirror=source)
        if not proved.is_good:
            raise StepFailed(f"the mirror does not hold what was written: {proved.defects[0]}")
        turn.control.backups.record_mirrored(backup, mirror_url=turn.settings.mirror_url)
    except OdooOpsError as exc:
        turn.fail(f"backup {backup.id} of {slug}", exc)
        return ()
    turn.report(f"backup {backup.id} of {slug} is mirrored, {size_text(written)} were new")
    return (written,)


def _cleared(turn: _Turn, project_id: UUID) -> int:
    """Remove what was dropped from the project's mirror, and return the number of objects."""
    try:
        return remove_dropped(turn.control, turn.second(project_id), project_id, turn=turn.name)
    except OdooOpsError as exc:
        turn.fail(f"what was dropped of {turn.slugs[project_id]} is still in the mirror", exc)
        return 0
