"""Workers and their last heartbeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.control.database import Database


class Workers:
    """Reads and writes ops.workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def heartbeat(self, worker_id: str, *, kind: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Record a heartbeat of the worker."""
        self._database.call("worker_heartbeat", p_worker_id=worker_id, p_kind=kind, p_metadata=metadata or {})
