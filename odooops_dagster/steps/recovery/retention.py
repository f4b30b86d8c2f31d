"""Apply the retention policy to a project's backups: drop rows first, then manifests, then unreferenced objects.

After a kill at any point the next turn continues: the store follows the record, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Backup, Project
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.backup.quarantine import quarantined, release_from_quarantine
from odooops_dagster.tools.backup.repositories import manifest_key
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.retention import Candidate, Policy, Verdict, plan

# States in which a run works on the backup, or may work on it.
_AT_WORK = ("pending", "running", "stored")
# Every verified backup is kept for its first 24 hours, so that a backup made before a risky step outlives the step.
_YOUNG = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A backup and the policy's verdict on it, with every reason."""

    backup: Backup
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Retained:
    """The result of one turn in a project, and the drops that were refused."""

    dropped: tuple[Backup, ...]
    refused: tuple[str, ...]
    manifests: tuple[str, ...]
    collected: int
    freed_bytes: int

    @property
    def is_empty(self) -> bool:
        """Return whether there was nothing to do."""
        return not (self.dropped or self.refused or self.manifests or self.collected)

    def __str__(self) -> str:
        """Return the result in one line."""
        said = f"{len(self.dropped)} backup(s) dropped, {self.collected} object(s) removed"
        return "; ".join([said, *self.refused])


def planned(control: ControlPlane, project: Project, *, time_zone: str, now: datetime) -> list[Planned]:
    """Return the policy's verdict on each backup of the project, by environment, the newest first."""
    rules = control.policies.get(project.id, policy_type="retention")
    policy = Policy(
        daily=rules["daily"],
        weekly=rules["weekly"],
        monthly=rules["monthly"],
        minimum=rules["minimum"],
        time_zone=time_zone,
    )
    by_environment: dict[UUID, list[Backup]] = {}
    for backup in control.backups.list(project.id):
        if backup.status != "dropped":
            by_environment.setdefault(backup.environment_id, []).append(backup)
    return [item for backups in by_environment.values() for item in _plan(backups, policy, now)]


def retain(
    control: ControlPlane, repository: Repository, project: Project, *, time_zone: str, now: datetime, turn: str
) -> Retained:
    """Apply the retention policy: drop expired backups and delete unreferenced objects; report refused drops."""
    going = [item for item in planned(control, project, time_zone=time_zone, now=now) if not item.verdict.is_kept]
    dropped, refused = _drop_rows(control, going)
    manifests = _remove_manifests(repository, control.backups.list(project.id))
    collection, obstacle = _collect(repository, turn) if dropped or manifests else (None, None)
    return Retained(
        dropped=tuple(dropped),
        refused=(*refused, *([obstacle] if obstacle else [])),
        manifests=tuple(manifests),
        collected=len(collection.keys) if collection else 0,
        freed_bytes=collection.freed_bytes if collection else 0,
    )


def _plan(backups: Sequence[Backup], policy: Policy, now: datetime) -> Iterator[Planned]:
    """Yield the verdict on each backup of one environment; a backup on which a run works is kept."""
    by_id = {str(backup.id): backup for backup in backups}
    for backup in backups:
        if backup.status in _AT_WORK:
            yield Planned(backup=backup, verdict=Verdict(id=str(backup.id), is_kept=True, reasons=("at work",)))
    settled = [_candidate(backup) for backup in backups if backup.status not in _AT_WORK]
    for verdict in plan(settled, policy=policy, now=now):
        backup = by_id[verdict.id]
        yield Planned(backup=backup, verdict=_spared(verdict) if _is_young(backup, now) else verdict)


def _is_young(backup: Backup, now: datetime) -> bool:
    return backup.status == "verified" and now - backup.moment < _YOUNG


def _spared(verdict: Verdict) -> Verdict:
    return verdict if verdict.is_kept else Verdict(id=verdict.id, is_kept=True, reasons=("younger than a day",))


def _candidate(backup: Backup) -> Candidate:
    return Candidate(
        id=str(backup.id),
        taken_at=backup.moment,
        is_verified=backup.status == "verified",
        is_held=backup.held_at is not None,
        label=backup.label,
    )


def _drop_rows(control: ControlPlane, going: Iterable[Planned]) -> tuple[list[Backup], list[str]]:
    dropped, refused = [], []
    for item in going:
        try:
            dropped.append(control.backups.drop(item.backup.id, reason="; ".join(item.verdict.reasons)))
        except Conflict as exc:
            refused.append(str(exc))
    return dropped, refused


def _remove_manifests(repository: Repository, backups: Sequence[Backup]) -> list[str]:
    """Remove the manifests of dropped backups and the leftover manifests of killed attempts.

    A manifest that is not on the record stays: it may belong to another control plane.
    """
    rows = {str(backup.id): backup for backup in backups}
    keys = [key for key in repository.manifests() if _is_over(key, rows.get(key.partition("-")[2]))]
    for key in keys:
        gc.drop(repository, key)
    return keys


def _is_over(key: str, backup: Backup | None) -> bool:
    if backup is None or backup.status in _AT_WORK:
        return False
    return backup.status == "dropped" or manifest_key(backup) not in {None, key}


def _collect(repository: Repository, turn: str) -> tuple[gc.Collection | None, str | None]:
    """Remove the objects that no manifest names; put it off while a backup or another collection holds the lock."""
    try:
        collection = gc.collect(repository, collector_id=turn)
    except Conflict as exc:
        return None, f"objects are removed at a later turn: {exc}"
    there = {key.rpartition("/")[2].partition(".")[0] for key in repository.sizes()}
    release_from_quarantine(repository, quarantined(repository) - there)
    return collection, None
