"""Incidents and alarms."""

from __future__ import annotations

import builtins
from uuid import UUID

from odooops_dagster.control.database import Database
from odooops_dagster.model.releases import Incident, Severity


class Incidents:
    """Reads and writes ops.incidents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(
        self,
        project_id: UUID,
        *,
        title: str,
        description: str = "",
        severity: Severity = "major",
        deployment_id: UUID | None = None,
        opened_by: str | None = None,
    ) -> Incident:
        """Open an incident."""
        found = self._database.value(
            "open_incident",
            project_id=project_id,
            title=title,
            p_description=description,
            p_severity=severity,
            p_deployment_id=deployment_id,
            p_opened_by=opened_by,
        )
        return self.get(found)

    def resolve(self, incident_id: UUID, *, resolution: str, resolved_by: str | None = None) -> Incident:
        """Resolve the incident."""
        self._database.call(
            "resolve_incident", incident_id=incident_id, resolution=resolution, p_resolved_by=resolved_by
        )
        return self.get(incident_id)

    def raise_alarm(
        self,
        key: str,
        *,
        title: str,
        description: str = "",
        severity: Severity = "major",
        project_id: UUID | None = None,
    ) -> None:
        """Open the incident with this key, or update the open one; without a project it belongs to the platform."""
        self._database.call(
            "raise_alarm",
            p_key=key,
            p_title=title,
            p_description=description,
            p_severity=severity,
            p_project_id=project_id,
        )

    def clear_alarm(self, key: str, *, resolution: str) -> bool:
        """Resolve the open incident with this key, and return whether there was one."""
        return bool(self._database.value("clear_alarm", p_key=key, p_resolution=resolution))

    def alarms(self) -> builtins.list[Incident]:
        """Return the open alarms of the platform itself."""
        rows = self._database.read("incidents", order="opened_at, id", status="open")
        return [Incident.from_row(row) for row in rows if row["project_id"] is None]

    def get(self, incident_id: UUID) -> Incident:
        """Return the incident with this id."""
        row = self._database.one("incidents", what=f"incident {incident_id}", order="id", id=incident_id)
        return Incident.from_row(row)

    def list(
        self, project_id: UUID | None = None, *, status: str | None = None, deployment_id: UUID | None = None
    ) -> builtins.list[Incident]:
        """Return the incidents, newest first."""
        rows = self._database.read(
            "incidents", order="opened_at desc, id", project_id=project_id, status=status, deployment_id=deployment_id
        )
        return [Incident.from_row(row) for row in rows]
