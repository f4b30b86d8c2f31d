"""The identity of the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model import FromRow


@dataclass(frozen=True, kw_only=True)
class PlaneState(FromRow):
    """The control plane's id, and the number of its janitor's rounds."""

    id: UUID
    rounds: int
    created_at: datetime
    is_older: bool = False  # fewer rounds than were seen last
    orphans_found_at: datetime | None = None  # when the janitor last listed the orphans


class Plane:
    """Reads and writes ops.control_plane."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> PlaneState:
        """Return the control plane's id and rounds."""
        return PlaneState.from_row(self._database.one("control_plane", what="control plane", order="id"))

    def advance(self, *, seen: int) -> PlaneState:
        """Count a round of the janitor, unless the record has fewer rounds than `seen`: then `is_older` is true."""
        return PlaneState.from_row(self._database.call("advance_control_plane", p_rounds=seen)[0])
