"""Apply the retention policy to the rows of backups; pure: a run drops what it says, a command only shows it.

The function `ops_private.environments_to_thin_out` has the same ages as this file and retention.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from odooops_dagster.model import Backup
from odooops_dagster.tools.backup.retention import Candidate, Policy, Verdict, plan

# States in which a run works on the backup, or may work on it.
AT_WORK = ("pending", "running", "stored")
# Every verified backup is kept for its first 24 hours, so that a backup made before a risky step outlives the step.
_YOUNG = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A backup and the policy's verdict on it, with every reason."""

    backup: Backup
    verdict: Verdict


def plan_backups(
    backups: Iterable[Backup], rules: Mapping[str, Any], *, time_zone: str, now: datetime
) -> list[Planned]:
    """Return the verdict on each backup that is not dropped, by environment, the newest first.

    `rules` are those of the project's policy `retention`.
    """
    policy = Policy(
        daily=rules["daily"],
        weekly=rules["weekly"],
        monthly=rules["monthly"],
        minimum=rules["minimum"],
        time_zone=time_zone,
    )
    by_environment: dict[UUID, list[Backup]] = {}
    for backup in backups:
        if backup.status != "dropped":
            by_environment.setdefault(backup.environment_id, []).append(backup)
    return [item for each in by_environment.values() for item in _plan(each, policy, now)]


def _plan(backups: Sequence[Backup], policy: Policy, now: datetime) -> Iterator[Planned]:
    """Yield the verdict on each backup of one environment; a backup on which a run works is kept."""
    by_id = {str(backup.id): backup for backup in backups}
    for backup in backups:
        if backup.status in AT_WORK:
            yield Planned(backup=backup, verdict=Verdict(id=str(backup.id), is_kept=True, reasons=("at work",)))
    settled = [_candidate(backup) for backup in backups if backup.status not in AT_WORK]
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
        is_mirrored=backup.mirrored_at is not None,
    )
