"""Retention: expired rows, expired backups, and the partitions of future months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Expiry, Fence


class Retention:
    """Calls the retention functions of schema ops."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def expire(self, *parts: str, limit: int = 10_000) -> list[Expiry]:
        """Remove expired rows, at most `limit` of each part; the parts are those of ops.expire_rows."""
        rows = self._database.call("expire_rows", p_limit=limit, p_parts=list(parts))
        return [Expiry.from_row(row) for row in rows]

    def remove_artifacts(self, urls: Sequence[str]) -> int:
        """Delete the rows of condemned artifacts whose objects are gone, and return their number."""
        return int(self._database.value("remove_condemned_artifacts", p_s3_urls=list(urls)))

    def apply(self, project_id: UUID, *, requested_by: str | None = None, trigger: str = "cli") -> UUID:
        """Queue a run that applies the project's backup retention, and return it; the unfinished one if there is one.

        Raises:
            Conflict: the project is archived.
        """
        run_id: UUID = self._database.value(
            "apply_retention", project_id=project_id, p_requested_by=requested_by, p_trigger=trigger
        )
        return run_id

    def queue_due(self) -> list[UUID]:
        """Queue a run in each project in which backup retention may have something to do; return the runs."""
        return [row["queue_due_retention"] for row in self._database.call("queue_due_retention")]

    def record(self, fence: Fence, *, planned_at: datetime, swept_at: datetime | None) -> None:
        """Record how far the run's retention has come, so that the next run is queued only when it is due."""
        self._database.call(
            "record_retention",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_planned_at=planned_at,
            p_swept_at=swept_at,
        )

    def ensure_partitions(self) -> list[str]:
        """Create the future monthly partitions of events and log lines, and return the new ones."""
        return [row["ensure_partitions"] for row in self._database.call("ensure_partitions")]
