"""Orphans: databases, roles, services and folders that the record does not explain, and what people decide on them."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow

OrphanKind = Literal["database", "role", "service", "folder"]
OrphanAnswer = Literal["stranger", "lost", "adopted"]
OrphanDecision = Literal["adopted", "dropped"]


@dataclass(frozen=True, kw_only=True)
class FoundOrphan:
    """An orphan as a round of the janitor finds it."""

    kind: OrphanKind
    name: str
    answer: OrphanAnswer
    reason: str
    is_foreign: bool  # it carries the mark of another installation
    installation: UUID | None
    control_plane: UUID | None
    run_id: UUID | None
    made_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Orphan(FoundOrphan, FromRow):
    """An orphan on the record; `decision` is pending until the janitor's next round, `refusal` says why one failed."""

    found_at: datetime
    decision: OrphanDecision | None
    decided_by: str | None
    decided_at: datetime | None
    refusal: str | None


class Orphans:
    """Reads and writes ops.orphans and ops.orphan_decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[Orphan]:
        """Return the orphans of the janitor's last round, adopted ones included, dependents first."""
        rows = self._database.read("orphans", order="kind, name")
        orphans = [Orphan.from_row(row) for row in rows]
        return sorted(orphans, key=lambda orphan: ("service", "database", "role", "folder").index(orphan.kind))

    def replace(self, orphans: Sequence[FoundOrphan]) -> None:
        """Replace the list with what a round found; pending decisions stay."""
        self._database.call("replace_orphans", p_orphans=Jsonb([_row(orphan) for orphan in orphans]))

    def decide(self, orphan: Orphan, decision: OrphanDecision, *, decided_by: str | None) -> None:
        """Write down what the janitor's next round has to do with the orphan.

        Raises:
            NotFound: it is no longer listed.
        """
        self._database.call(
            "decide_orphan", p_kind=orphan.kind, p_name=orphan.name, p_decision=decision, p_decided_by=decided_by
        )

    def end_decision(self, orphan: Orphan, *, refusal: str | None = None) -> None:
        """Record that the orphan's pending decision was carried out, or why it could not be."""
        self._database.call(
            "end_orphan_decision",
            p_kind=orphan.kind,
            p_name=orphan.name,
            p_decided_at=orphan.decided_at,
            p_refusal=refusal,
        )

    def adopted(self) -> frozenset[tuple[str, str]]:
        """Return the kind and name of every orphan whose last decision is `adopted`."""
        rows = self._database.read("orphan_decisions", order="id")
        newest = {(row["kind"], row["name"]): row["decision"] for row in rows}
        return frozenset(thing for thing, decision in newest.items() if decision == "adopted")

    def record_decision(
        self, kind: OrphanKind, name: str, *, decision: OrphanDecision, reason: str, decided_by: str | None = None
    ) -> None:
        """Record a decision that was carried out, with the reason why the orphan was unknown."""
        self._database.call(
            "record_orphan_decision",
            p_kind=kind,
            p_name=name,
            p_decision=decision,
            p_reason=reason,
            p_decided_by=decided_by,
        )


def _row(orphan: FoundOrphan) -> dict[str, object]:
    values = {name: getattr(orphan, name) for name in FoundOrphan.__dataclass_fields__}
    return {name: value if isinstance(value, bool | None) else str(value) for name, value in values.items()}
