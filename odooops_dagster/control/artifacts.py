"""Artifacts: the stored files of a run."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Evidence, Fence


class Artifacts:
    """Reads and writes ops.run_artifacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, fence: Fence, evidence: Evidence, *, expires_at: datetime | None = None) -> UUID:
        """Record the URL and the hash of a stored file of the run."""
        artifact_id: UUID = self._database.value(
            "add_run_artifact",
            p_run_id=fence.run_id,
            p_artifact_key=evidence.key,
            p_s3_url=evidence.url,
            p_sha256=evidence.sha256,
            p_content_type=evidence.content_type,
            p_size_bytes=evidence.size_bytes,
            p_expires_at=expires_at,
            p_attempt=fence.attempt,
        )
        return artifact_id

    def list(self, run_id: UUID) -> builtins.list[dict[str, Any]]:
        """Return the run's files, sorted by key."""
        return self._database.read("run_artifacts", order="artifact_key", run_id=run_id)
