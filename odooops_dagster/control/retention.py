"""Retention: expired rows, and the partitions of future months."""

from __future__ import annotations

from collections.abc import Sequence

from odooops_dagster.control.database import Database
from odooops_dagster.model import Expiry


class Retention:
    """Calls the retention functions of schema ops."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def expire(self, *parts: str, limit: int = 10_000) -> list[Expiry]:
        """Remove expired rows, at most `limit` of each part; parts are logs, events, ingest and artifacts."""
        rows = self._database.call("expire_rows", p_limit=limit, p_parts=list(parts))
        return [Expiry.from_row(row) for row in rows]

    def remove_artifacts(self, urls: Sequence[str]) -> int:
        """Delete the rows of condemned artifacts whose objects are gone, and return their number."""
        return int(self._database.value("remove_condemned_artifacts", p_s3_urls=list(urls)))

    def ensure_partitions(self) -> list[str]:
        """Create the future monthly partitions of events and log lines, and return the new ones."""
        return [row["ensure_partitions"] for row in self._database.call("ensure_partitions")]
