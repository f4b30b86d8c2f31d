"""Apply the retention policy to a project's backups: drop rows first, then manifests, then unreferenced objects.

After a kill at any point the next turn continues: the store follows the record, never the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Backup, Project
from odooops_dagster.steps.core.context import ProjectContext
from odooops_dagster.steps.core.progress import Meter
from odooops_dagster.tools.backup import gc
from odooops_dagster.tools.backup.parallel import Progress, silent
from odooops_dagster.tools.backup.quarantine import quarantined, release_from_quarantine
from odooops_dagster.tools.backup.repositories import manifest_key, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.retention_plan import AT_WORK, Planned, plan_backups
from odooops_dagster.wording import size_text

# The key of the result in the run's events.
RESULT = "retention"
# A change of a backup may become visible this long after its time: the next turn looks at it again.
_MARGIN = timedelta(minutes=1)

# Drops the backup of a verdict; raises if the attempt may no longer write, or the record keeps the backup.
Drop = Callable[[Planned], Backup]


@dataclass(frozen=True, kw_only=True)
class Retained:
    """The result of one turn in a project, and the drops that were refused."""

    dropped: tuple[Backup, ...]
    refused: tuple[str, ...]
    manifests: tuple[str, ...]
    collected: int
    freed_bytes: int
    # The store holds nothing of what was dropped up to this moment; None if objects wait for a later turn.
    swept_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether there was nothing to do."""
        return not (self.dropped or self.refused or self.manifests or self.collected)

    def __str__(self) -> str:
        """Return the result in one line."""
        said = f"{len(self.dropped)} backup(s) dropped, {self.collected} object(s) removed"
        return "; ".join([said, *self.refused])

    def to_payload(self) -> dict[str, object]:
        """Return the result for the run's event."""
        return {
            "dropped": [str(backup.id) for backup in self.dropped],
            "refused": list(self.refused),
            "manifests": list(self.manifests),
            "collected": self.collected,
            "freed_bytes": self.freed_bytes,
        }


def apply_policy(ctx: ProjectContext) -> Retained:
    """Apply the project's retention policy, and record the result and how far it has come.

    Raises:
        Fenced: another attempt owns the run; what is not dropped yet stays for it.
    """
    now = datetime.now(UTC)
    done = retain(
        ctx.control,
        repository_of(ctx.store, ctx.settings, ctx.project.slug),
        ctx.project,
        time_zone=ctx.settings.time_zone,
        now=now,
        turn=f"retention-{ctx.run.id}-{ctx.run.attempt}",
        drop=lambda item: _drop(ctx, item),
        progress=Meter(ctx.control.logs, ctx.fence),
    )
    said = f"{done}; {size_text(done.freed_bytes)} freed"
    ctx.control.logs.event(ctx.fence, level="info", message=said, payload={RESULT: done.to_payload()})
    ctx.control.retention.record(ctx.fence, planned_at=now - _MARGIN, swept_at=done.swept_at)
    ctx.log("info", said)
    return done


def planned(control: ControlPlane, project: Project, *, time_zone: str, now: datetime) -> list[Planned]:
    """Return the policy's verdict on each backup of the project, by environment, the newest first."""
    rules = control.policies.get(project.id, policy_type="retention")
    return plan_backups(control.backups.list(project.id), rules, time_zone=time_zone, now=now)


def retain(
    control: ControlPlane,
    repository: Repository,
    project: Project,
    *,
    time_zone: str,
    now: datetime,
    turn: str,
    drop: Drop,
    progress: Progress = silent,
) -> Retained:
    """Apply the retention policy: drop expired backups and delete unreferenced objects; report refused drops."""
    going = [item for item in planned(control, project, time_zone=time_zone, now=now) if not item.verdict.is_kept]
    dropped, refused = _drop_rows(going, drop)
    backups = control.backups.list(project.id)
    manifests = _remove_manifests(repository, backups)
    collection, obstacle = _collect(repository, turn, progress)
    return Retained(
        dropped=tuple(dropped),
        refused=(*refused, *([obstacle] if obstacle else [])),
        manifests=tuple(manifests),
        collected=len(collection.keys) if collection else 0,
        freed_bytes=collection.freed_bytes if collection else 0,
        swept_at=max((b.dropped_at for b in backups if b.dropped_at), default=now) if collection else None,
    )


def _drop(ctx: ProjectContext, item: Planned) -> Backup:
    message = f"drop backup {item.backup.id} of {item.backup.moment:%Y-%m-%d %H:%M %Z}: {_reasons(item)}"
    ctx.control.logs.event(ctx.fence, level="info", message=message, payload={"backup_id": str(item.backup.id)})
    ctx.log("info", message)
    return ctx.control.backups.drop_expired(
        ctx.fence, item.backup.id, reason=_reasons(item), time_zone=ctx.settings.time_zone
    )


def _reasons(item: Planned) -> str:
    return "; ".join(item.verdict.reasons)


def _drop_rows(going: Iterable[Planned], drop: Drop) -> tuple[list[Backup], list[str]]:
    dropped, refused = [], []
    for item in going:
        try:
            dropped.append(drop(item))
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


def remove_dropped(control: ControlPlane, mirror: Repository, project_id: UUID, *, turn: str) -> int:
    """Remove from the mirror of a project's backups what was dropped, and return the number of objects.

    Raises:
        Conflict: another process works on the mirror; the objects are removed at a later turn.
    """
    backups = control.backups.list(project_id)
    _remove_manifests(mirror, backups)
    if not any(backup.status == "dropped" and backup.mirror_url for backup in backups):
        return 0
    return len(gc.collect(mirror, collector_id=turn).keys)


def _is_over(key: str, backup: Backup | None) -> bool:
    if backup is None or backup.status in AT_WORK:
        return False
    return backup.status == "dropped" or manifest_key(backup) not in {None, key}


def _collect(repository: Repository, turn: str, progress: Progress) -> tuple[gc.Collection | None, str | None]:
    """Remove the objects that no manifest names; put it off while a backup or another collection holds the lock."""
    try:
        collection = gc.collect(repository, collector_id=turn, progress=progress)
    except Conflict as exc:
        return None, f"objects are removed at a later turn: {exc}"
    there = {key.rpartition("/")[2].partition(".")[0] for key in repository.sizes()}
    release_from_quarantine(repository, quarantined(repository) - there)
    return collection, None
