"""The platform's figures, for monitoring."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow


@dataclass(frozen=True, kw_only=True)
class Figure(FromRow):
    """One figure of a metric; the labels say of what."""

    metric: str
    labels: Mapping[str, object]
    value: float


class Figures:
    """Reads ops.v_metrics."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[Figure]:
        """Return every figure as of now."""
        return [Figure.from_row(row) for row in self._database.read("v_metrics", order="metric, labels")]
