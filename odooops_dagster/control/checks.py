"""Checks: the check results of runs."""

from __future__ import annotations

import builtins
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import CheckResult, Fence


class Checks:
    """Reads and writes ops.run_checks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, fence: Fence, result: CheckResult) -> None:
        """Record a check result; the last result of an attempt counts."""
        self._database.call(
            "record_check",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_name=result.name,
            p_passed=result.passed,
            p_blocking=result.blocking,
            p_summary=result.summary,
            p_metadata=result.to_metadata(),
        )

    def list(self, run_id: UUID) -> builtins.list[dict[str, Any]]:
        """Return the run's check results, sorted by attempt."""
        return self._database.read("run_checks", order="attempt, created_at, name", run_id=run_id)
