"""Rehearsals: promotions tried on a copy of production, and what each phase takes."""

from __future__ import annotations

import builtins
from decimal import Decimal
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import Fence
from odooops_dagster.model.releases import Rehearsal, Release


class Rehearsals:
    """Reads and writes ops.rehearsals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, release_id: UUID, *, requested_by: str | None = None) -> UUID:
        """Queue a rehearsal of the release's promotion to production, and return its run, or that of an unfinished one.

        Raises:
            Conflict: a rehearsal could prove nothing; the message says why.
        """
        run_id: UUID = self._database.value("rehearse_release", release_id=release_id, p_requested_by=requested_by)
        return run_id

    def start(self, fence: Fence) -> Rehearsal:
        """Start the run's rehearsal, after its restore has started."""
        return self._record("record_rehearsal_start", fence)

    def end(self, fence: Fence, *, passed: bool, summary: str) -> Rehearsal:
        """Record the result of the rehearsal, and end its restore."""
        return self._record("record_rehearsal_end", fence, p_passed=passed, p_summary=summary)

    def record_phase(self, fence: Fence, phase: str, *, seconds: float) -> None:
        """Record the seconds of a phase of the run's promotion or rehearsal."""
        self._database.call(
            "record_phase",
            p_run_id=fence.run_id,
            p_attempt=fence.attempt,
            p_phase=phase,
            p_seconds=Decimal(str(seconds)),
        )

    def prepare(self, release_id: UUID, *, requested_by: str | None = None) -> Release:
        """Prepare the release's promotion to production: it then waits for a person to say go.

        Raises:
            Conflict: a requirement is not met, or no rehearsal stands; the message names it.
        """
        (row,) = self._database.call("prepare_promotion", release_id=release_id, p_requested_by=requested_by)
        return Release.from_row(row)

    def list(self, release_id: UUID) -> builtins.list[Rehearsal]:
        """Return the release's rehearsals, newest first."""
        rows = self._database.read("rehearsals", order="started_at desc, id", release_id=release_id)
        return [Rehearsal.from_row(row) for row in rows]

    def of_run(self, run_id: UUID) -> Rehearsal | None:
        """Return the run's rehearsal, None if it has none."""
        rows = self._database.read("rehearsals", order="id", run_id=run_id)
        return Rehearsal.from_row(rows[0]) if rows else None

    def downtime(self, release_id: UUID) -> Rows:
        """Return what each phase of the release's promotion takes: predicted, and as it was."""
        return self._database.read("v_release_downtime", order="phase_number", release_id=release_id)

    def _record(self, function: str, fence: Fence, **arguments: object) -> Rehearsal:
        (row,) = self._database.call(function, p_run_id=fence.run_id, p_attempt=fence.attempt, **arguments)
        return Rehearsal.from_row(row)
