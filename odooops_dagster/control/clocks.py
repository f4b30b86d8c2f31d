"""The clocks: SQL decides what is due at a moment, and queues it where it is a run."""

from __future__ import annotations

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
    """A transaction that was ended because it was open for too long: of which login, and since when."""

    login: str
    began_at: datetime


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

    def janitor_is_due(self, now: datetime, *, last_at: datetime | None) -> bool:
        """Return whether the janitor has a reason to go round, `last_at` the start of its last round."""
        return bool(self._database.value("janitor_is_due", p_now=now, p_last_at=last_at))
