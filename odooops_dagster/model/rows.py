"""The base class of values that are built from database rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self


class FromRow:
    """Builds a frozen value from a database row, and ignores columns without a field."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the value that the row describes."""
        names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in row.items() if name in names})
