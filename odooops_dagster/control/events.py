"""Events: what others and the platform itself tell of builds, gates, deployments and environments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odooops_dagster.control.database import Database
from odooops_dagster.release_model import EventAnswer


class Events:
    """Takes events in through ops.ingest_event."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ingest(self, envelope: Mapping[str, Any]) -> EventAnswer:
        """Take the event in, once; a refused one is answered, not raised, and logged."""
        return EventAnswer.from_row(self._database.value("ingest_event", envelope=envelope))
