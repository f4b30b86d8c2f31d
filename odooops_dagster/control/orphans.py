"""Orphans: decisions of people on unknown databases, roles, services and folders."""

from __future__ import annotations

from typing import Literal

from odooops_dagster.control.database import Database

OrphanKind = Literal["database", "role", "service", "folder"]


class Orphans:
    """Reads and writes ops.orphan_decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def adopted(self) -> frozenset[tuple[str, str]]:
        """Return the kind and name of every orphan whose last decision is `adopted`."""
        rows = self._database.read("orphan_decisions", order="id")
        newest = {(row["kind"], row["name"]): row["decision"] for row in rows}
        return frozenset(thing for thing, decision in newest.items() if decision == "adopted")

    def decide(
        self,
        kind: OrphanKind,
        name: str,
        *,
        decision: Literal["adopted", "dropped"],
        reason: str,
        decided_by: str | None = None,
    ) -> None:
        """Record a person's decision on an orphan, with the reason why the orphan was unknown."""
        self._database.call(
            "record_orphan_decision",
            p_kind=kind,
            p_name=name,
            p_decision=decision,
            p_reason=reason,
            p_decided_by=decided_by,
        )
