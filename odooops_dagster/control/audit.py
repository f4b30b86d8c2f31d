"""The audit trail: its chains, and everything on the record of a project."""

from __future__ import annotations

from uuid import UUID

from odooops_dagster.control.database import Database, Rows


class Audit:
    """Reads the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def verify(self, project_id: UUID | None = None, *, anchor: str | None = None) -> Rows:
        """Return the chains with the number of their links and the names of the broken ones.

        Without a project the checkpoints of dropped months are among them; `anchor` is the hash of one of them.
        """
        return self._database.call("verify_chains", p_project_id=project_id, p_anchor=anchor)

    def trail(self, project_id: UUID) -> Rows:
        """Return everything on the project's record that is only ever appended, oldest first."""
        return self._database.call("audit_trail", p_project_id=project_id)
