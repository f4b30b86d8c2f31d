"""The control plane: the only code that reads and writes schema ops; one file per noun."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from odooops_dagster.control.artifacts import Artifacts
from odooops_dagster.control.audit import Audit
from odooops_dagster.control.backups import Backups
from odooops_dagster.control.checks import Checks
from odooops_dagster.control.clocks import Clocks
from odooops_dagster.control.database import Database
from odooops_dagster.control.deployments import Deployments
from odooops_dagster.control.drills import Drills
from odooops_dagster.control.environments import Environments
from odooops_dagster.control.events import Events
from odooops_dagster.control.gates import Gates
from odooops_dagster.control.incidents import Incidents
from odooops_dagster.control.keys import Keys
from odooops_dagster.control.lineage import Lineage
from odooops_dagster.control.logs import Logs
from odooops_dagster.control.members import Members
from odooops_dagster.control.orphans import Orphans
from odooops_dagster.control.people import People
from odooops_dagster.control.plane import Plane
from odooops_dagster.control.policies import Policies
from odooops_dagster.control.projects import Projects
from odooops_dagster.control.pushes import Pushes
from odooops_dagster.control.releases import Releases
from odooops_dagster.control.retention import Retention
from odooops_dagster.control.runs import Runs
from odooops_dagster.control.settings import ProjectSettings
from odooops_dagster.control.templates import Templates
from odooops_dagster.control.workers import Workers

__all__ = ["ControlPlane"]


class ControlPlane:
    """Access to schema ops, by noun; connections are opened at the first call.

    `is_patient`: whether the first call waits for a database that does not answer yet. `variable`: the setting with the
    URL, for hints.
    """

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 4,
        is_patient: bool = True,
        variable: str = "ODOOOPS_DATABASE_URL",
    ) -> None:
        self._database = Database(url, max_connections=max_connections, is_patient=is_patient, variable=variable)
        self.projects = Projects(self._database)
        self.environments = Environments(self._database)
        self.runs = Runs(self._database)
        self.logs = Logs(self._database)
        self.artifacts = Artifacts(self._database)
        self.audit = Audit(self._database)
        self.backups = Backups(self._database)
        self.drills = Drills(self._database)
        self.checks = Checks(self._database)
        self.lineage = Lineage(self._database)
        self.pushes = Pushes(self._database)
        self.templates = Templates(self._database)
        self.workers = Workers(self._database)
        self.releases = Releases(self._database)
        self.gates = Gates(self._database)
        self.deployments = Deployments(self._database)
        self.incidents = Incidents(self._database)
        self.events = Events(self._database)
        self.keys = Keys(self._database)
        self.policies = Policies(self._database)
        self.settings = ProjectSettings(self._database)
        self.retention = Retention(self._database)
        self.members = Members(self._database)
        self.people = People(self._database)
        self.plane = Plane(self._database)
        self.clocks = Clocks(self._database)
        self.orphans = Orphans(self._database)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
