"""Retention: what is past its time, and the months that are to come."""

from __future__ import annotations

from collections.abc import Sequence

from odooops_dagster.control.database import Database
from odooops_dagster.model import Expiry


class Retention:
    """Calls the expiry of schema ops."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def expire(self, *parts: str, limit: int = 10_000) -> list[Expiry]:
        """Remove what is past its time, at most so many rows of each; parts are logs, events, ingest and artifacts."""
        rows = self._database.call("expire_rows", p_limit=limit, p_parts=list(parts))
        return [Expiry.from_row(row) for row in rows]

    def remove_artifacts(self, urls: Sequence[str]) -> int:
        """Forget condemned artifacts whose objects are gone, and return how many there were."""
        return int(self._database.value("remove_condemned_artifacts", p_s3_urls=list(urls)))

    def ensure_partitions(self) -> list[str]:
        """Make the months that events and log lines will need, and return what was made."""
        return [row["ensure_partitions"] for row in self._database.call("ensure_partitions")]
