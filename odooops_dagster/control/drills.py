"""Drills: backups that are restored and started to prove them."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import Drill, Fence


class Drills:
    """Reads and writes ops.recovery_drills."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, fence: Fence) -> Drill:
        """Start the run's drill, after its restore has started."""
        return self._record("record_drill_start", fence)

    def end(
        self,
        fence: Fence,
        *,
        passed: bool,
        summary: str,
        rto_seconds: float | None = None,
        rpo_seconds: float | None = None,
        evidence_id: UUID | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> Drill:
        """Record the result of the drill, and end its restore."""
        return self._record(
            "record_drill_end",
            fence,
            p_passed=passed,
            p_summary=summary,
            p_rto_seconds=_numeric(rto_seconds),
            p_rpo_seconds=_numeric(rpo_seconds),
            p_evidence_id=evidence_id,
            p_report=report or {},
        )

    def list(self, project_id: UUID | None = None, *, backup_id: UUID | None = None) -> builtins.list[Drill]:
        """Return the drills, newest first."""
        rows = self._database.read(
            "recovery_drills", order="started_at desc, id", project_id=project_id, backup_id=backup_id
        )
        return [Drill.from_row(row) for row in rows]

    def _record(self, function: str, fence: Fence, **arguments: object) -> Drill:
        (row,) = self._database.call(function, p_run_id=fence.run_id, p_attempt=fence.attempt, **arguments)
        return Drill.from_row(row)


def _numeric(seconds: float | None) -> Decimal | None:
    return None if seconds is None else Decimal(str(seconds))
