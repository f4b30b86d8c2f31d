"""What every value that comes from a database row has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self


class FromRow:
    """Builds a frozen value from a database row, leaving out the columns it has no field for."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the value that the row describes."""
        names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in row.items() if name in names})
