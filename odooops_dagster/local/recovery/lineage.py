"""Tells whether one state of a record came after another: a restore splits the line, and older ones come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.postgres.connections import Connection

_FACT = "lineage"
# Of a row as JSON, because a former version's lacks columns. The moments only grow in one line of a record.
_QUERY = """
select
    to_jsonb(c) ->> 'restored_at', to_jsonb(c) ->> 'restored_taken_at',
    greatest(
        c.created_at, (to_jsonb(c) ->> 'restored_at')::timestamptz, (to_jsonb(c) ->> 'confirmed_at')::timestamptz,
        (to_jsonb(c) ->> 'backed_up_at')::timestamptz, (select max(w.last_seen_at) from ops.workers as w),
        (select max(greatest(k.created_at, k.revoked_at)) from ops.event_keys as k),
        (select max(r.created_at) from ops.runs as r)
    )
from ops.control_plane as c
"""


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """When a record was last restored, what its backup held, and the newest moment that is written in it."""

    restored_at: datetime | None
    restored_taken_at: datetime | None
    newest: datetime

    def facts(self) -> dict[str, Any]:
        """Return what a backup's manifest keeps of it."""
        restored_at = self.restored_at.isoformat() if self.restored_at else None
        return {_FACT: {"restored_at": restored_at, "newest": self.newest.isoformat()}}

    def knows(self, record: Manifest) -> bool:
        """Return whether everything in the backup of the record was on this record before.

        Else what the backup has and this record lacks was not taken away: it was never known here.
        """
        told: dict[str, Any] | None = record.facts.get(_FACT)
        if told is None:  # a former version made the backup
            if self.restored_at is not None and self.restored_at < record.taken_at:
                return self.newest >= record.taken_at
            return self._came_from(record) if self.restored_at is not None else self.newest >= record.taken_at
        if _moment(told["restored_at"]) == self.restored_at:
            return self.newest >= datetime.fromisoformat(told["newest"])
        return self._came_from(record)

    def _came_from(self, record: Manifest) -> bool:
        """Return whether the record was restored from this backup, or from a later one."""
        return self.restored_taken_at is not None and self.restored_taken_at >= record.taken_at


def lineage_of(connection: Connection) -> Lineage:
    """Return the lineage of the record that the connection reads."""
    [(restored_at, restored_taken_at, newest)] = connection.execute(_QUERY).fetchall()
    return Lineage(restored_at=_moment(restored_at), restored_taken_at=_moment(restored_taken_at), newest=newest)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
