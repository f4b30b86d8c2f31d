"""Tables that a run shows to people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows of one shape, shown as a table."""

    rows: tuple[Mapping[str, object], ...]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, object]]) -> Table | None:
        """Return the table; None for no rows, which are not shown."""
        found = tuple(rows)
        return cls(found) if found else None
