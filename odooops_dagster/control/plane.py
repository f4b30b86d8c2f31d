"""Which control plane this is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow


@dataclass(frozen=True, kw_only=True)
class PlaneState(FromRow):
    """The control plane's id, and how often its janitor went round."""

    id: UUID
    rounds: int
    created_at: datetime
    is_older: bool = False  # than the rounds that were seen last


class Plane:
    """Reads and writes ops.control_plane."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> PlaneState:
        """Return which control plane this is."""
        return PlaneState.from_row(self._database.one("control_plane", what="control plane", order="id"))

    def advance(self, *, seen: int) -> PlaneState:
        """Count a round of the janitor, unless the record counts less than was seen: then it is older than that."""
        return PlaneState.from_row(self._database.call("advance_control_plane", p_rounds=seen)[0])
