"""The clocks: SQL decides what is due at a moment, and queues it where it is a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow


@dataclass(frozen=True, kw_only=True)
class Queued(FromRow):
    """Work that was due for one production: the backup to be made or drilled, or why it was refused."""

    partition_key: str
    backup_id: UUID | None
    refusal: str | None


@dataclass(frozen=True, kw_only=True)
class ForgottenTransaction(FromRow):
    """A transaction that was ended because it was open for too long, with its login and its start."""

    login: str
    began_at: datetime


@dataclass(frozen=True, kw_only=True)
class QueuedPreview(FromRow):
    """A standing preview that was due: the release of one production, or why it was refused."""

    partition_key: str
    version: str
    refusal: str | None


class Clocks:
    """Calls the clocks of schema ops; to ask one again changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue_nightly_backups(self, now: datetime, *, hour: int, time_zone: str) -> list[Queued]:
        """Queue the backups of the night that are not queued yet."""
        rows = self._database.call("queue_nightly_backups", p_now=now, p_hour=hour, p_time_zone=time_zone)
        return [Queued.from_row(row) for row in rows]

    def queue_drills(self, now: datetime, *, time_zone: str) -> list[Queued]:
        """Queue the drills of the week that are not queued yet."""
        rows = self._database.call("queue_due_drills", p_now=now, p_time_zone=time_zone)
        return [Queued.from_row(row) for row in rows]

    def queue_previews(self, now: datetime, *, time_zone: str) -> list[QueuedPreview]:
        """Queue the standing upgrade previews of the night that are not queued yet."""
        rows = self._database.call("queue_due_previews", p_now=now, p_time_zone=time_zone)
        return [QueuedPreview.from_row(row) for row in rows]

    def stop_idle(self, asked: Mapping[str, float], *, watched_since: datetime) -> list[UUID]:
        """Queue the stop of previews that nobody asks for, and return the runs' ids.

        Args:
            asked: when an environment was last asked for, in seconds since 1970, by its host label.
            watched_since: since when requests are watched; nothing is idle for longer.
        """
        self._database.call("note_requests", p_asked=asked)
        rows = self._database.call("stop_idle_environments", p_watched_since=watched_since)
        return [row["stop_idle_environments"] for row in rows]

    def watch_freshness(self, now: datetime) -> list[str]:
        """Open and end the alarms of stale backups, and return a line for each change."""
        return [row["watch_backup_freshness"] for row in self._database.call("watch_backup_freshness", p_now=now)]

    def end_forgotten_transactions(self) -> list[ForgottenTransaction]:
        """End the transactions of people's logins that are open for too long and may hold locks."""
        return [ForgottenTransaction.from_row(row) for row in self._database.call("end_forgotten_transactions")]

    def artifact_expiry_is_due(self, now: datetime, *, last_at: datetime | None) -> bool:
        """Return whether the artifact expiry has something to do, `last_at` its last success."""
        return bool(self._database.value("artifact_expiry_is_due", p_now=now, p_last_at=last_at))

    def log_retention_is_due(self, now: datetime, *, last_at: datetime | None) -> bool:
        """Return whether the log retention has something to do, `last_at` its last success."""
        return bool(self._database.value("log_retention_is_due", p_now=now, p_last_at=last_at))

    def audit_anchor_is_due(self, now: datetime, *, last_at: datetime | None) -> bool:
        """Return whether the record shall be anchored, `last_at` the start of the last anchoring."""
        return bool(self._database.value("audit_anchor_is_due", p_now=now, p_last_at=last_at))

    def watch_platform_backup(self, now: datetime, *, every_hours: int) -> bool:
        """Return whether the platform's own backup is due; an alarm says where it is late."""
        return bool(self._database.value("watch_platform_backup", p_now=now, p_every_hours=every_hours))

    def janitor_is_due(self, now: datetime, *, last_at: datetime | None) -> bool:
        """Return whether the janitor has a reason to go round, `last_at` the start of its last round."""
        return bool(self._database.value("janitor_is_due", p_now=now, p_last_at=last_at))

    def backup_mirror_is_due(self, mirror_url: str, *, last_at: datetime | None) -> bool:
        """Return whether the mirror lacks a backup, or holds one that was dropped since the time."""
        return bool(self._database.value("backup_mirror_is_due", p_mirror_url=mirror_url, p_last_at=last_at))

    def watch_mirrors(self, now: datetime, *, mirror_url: str) -> list[str]:
        """Open and resolve the alarms of mirrors that are behind, and return a line for each change."""
        rows = self._database.call("watch_backup_mirrors", p_now=now, p_mirror_url=mirror_url or None)
        return [row["watch_backup_mirrors"] for row in rows]

    def image_removal_is_due(self, now: datetime, *, last_at: datetime | None) -> bool:
        """Return whether images may be past their time, `last_at` the start of the last removal that succeeded."""
        return bool(self._database.value("image_removal_is_due", p_now=now, p_last_at=last_at))
