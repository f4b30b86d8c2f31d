"""The audit trail: its chains, and everything on the record of a project."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from odooops_dagster.control.database import Database, Rows
from odooops_dagster.model import FromRow
from odooops_dagster.model.anchors import AuditEntry


@dataclass(frozen=True, kw_only=True)
class AuditLimits(FromRow):
    """The server's time, when the record began, and since when retention keeps events of runs and deliveries."""

    taken_at: datetime
    began_at: datetime
    events_since: datetime | None  # None while no month was dropped
    deliveries_since: datetime


class Audit:
    """Reads the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def verify(self, project_id: UUID | None = None, *, anchor: str | None = None) -> Rows:
        """Return the chains with the number of their links and the names of the broken ones.

        Without a project the checkpoints of dropped months are among them; `anchor` is the hash of one of them.
        """
        return self._database.call("verify_chains", p_project_id=project_id, p_anchor=anchor)

    def entries(self, since: datetime, until: datetime) -> list[AuditEntry]:
        """Return what was put on the record in the window, each entry with a hash of what it says."""
        return [AuditEntry.from_row(row) for row in self._database.call("audit_entries", p_since=since, p_until=until)]

    def limits(self) -> AuditLimits:
        """Return when the record began, and what retention has left of it."""
        return AuditLimits.from_row(self._database.call("audit_limits")[0])

    def trail(self, project_id: UUID | None = None) -> Iterator[dict[str, Any]]:
        """Yield everything on the record of the project, or of all, oldest first, as of the moment of the call."""
        return self._database.stream("audit_trail", p_project_id=project_id)
