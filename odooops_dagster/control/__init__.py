"""The control plane: the only code that reads and writes schema ops; one file per noun."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from odooops_dagster.control.advisories import Advisories
    from odooops_dagster.control.artifacts import Artifacts
    from odooops_dagster.control.audit import Audit
    from odooops_dagster.control.backups import Backups
    from odooops_dagster.control.checks import Checks
    from odooops_dagster.control.clocks import Clocks
    from odooops_dagster.control.console import Console
    from odooops_dagster.control.database import Database
    from odooops_dagster.control.deployments import Deployments
    from odooops_dagster.control.drills import Drills
    from odooops_dagster.control.egress import Egress
    from odooops_dagster.control.environments import Environments
    from odooops_dagster.control.events import Events
    from odooops_dagster.control.figures import Figures
    from odooops_dagster.control.gates import Gates
    from odooops_dagster.control.images import Images
    from odooops_dagster.control.incidents import Incidents
    from odooops_dagster.control.keys import Keys
    from odooops_dagster.control.lineage import Lineage
    from odooops_dagster.control.logs import Logs
    from odooops_dagster.control.members import Members
    from odooops_dagster.control.messages import Messages
    from odooops_dagster.control.orphans import Orphans
    from odooops_dagster.control.pages import Pages
    from odooops_dagster.control.people import People
    from odooops_dagster.control.plane import Plane
    from odooops_dagster.control.policies import Policies
    from odooops_dagster.control.projects import Projects
    from odooops_dagster.control.pushes import Pushes
    from odooops_dagster.control.rehearsals import Rehearsals
    from odooops_dagster.control.releases import Releases
    from odooops_dagster.control.retention import Retention
    from odooops_dagster.control.runs import Runs
    from odooops_dagster.control.settings import ProjectSettings
    from odooops_dagster.control.templates import Templates
    from odooops_dagster.control.tools import Tools
    from odooops_dagster.control.upgrades import Upgrades
    from odooops_dagster.control.variables import Variables
    from odooops_dagster.control.work import Work
    from odooops_dagster.control.workers import Workers
    from odooops_dagster.control.workflows import Workflows

__all__ = ["NOUNS", "ControlPlane"]


class ControlPlane:
    """Access to schema ops, by noun; connections are opened at the first call.

    A noun's file is imported at its first use, and the database's driver with the first database: a command needs few
    of them, its help none.

    `is_patient`: whether the first call waits for a database that does not answer yet. `variable`: the setting with the
    URL, for hints.
    """

    projects: Projects
    advisories: Advisories
    environments: Environments
    egress: Egress
    runs: Runs
    logs: Logs
    artifacts: Artifacts
    audit: Audit
    backups: Backups
    drills: Drills
    rehearsals: Rehearsals
    checks: Checks
    lineage: Lineage
    pushes: Pushes
    templates: Templates
    workers: Workers
    releases: Releases
    figures: Figures
    gates: Gates
    deployments: Deployments
    images: Images
    incidents: Incidents
    events: Events
    keys: Keys
    policies: Policies
    settings: ProjectSettings
    retention: Retention
    members: Members
    pages: Pages
    people: People
    plane: Plane
    clocks: Clocks
    console: Console
    messages: Messages
    orphans: Orphans
    upgrades: Upgrades
    workflows: Workflows
    tools: Tools
    variables: Variables
    work: Work

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 4,
        is_patient: bool = True,
        variable: str = "ODOOOPS_DATABASE_URL",
    ) -> None:
        from odooops_dagster.control.database import Database  # noqa: PLC0415 - brings the driver

        self._database = Database(url, max_connections=max_connections, is_patient=is_patient, variable=variable)

    @classmethod
    def over(cls, database: Database) -> Self:
        """Return the nouns over a database: a caller's, or one behind a server."""
        plane = cls.__new__(cls)
        plane._database = database  # noqa: SLF001 - it is being made
        return plane

    if not TYPE_CHECKING:  # a checker would take every name for a noun

        def __getattr__(self, noun: str) -> object:
            """Return the noun, made at its first use from the class that its annotation names in its own file."""
            name = NOUNS.get(noun)
            if name is None:
                raise AttributeError(f"{type(self).__name__} has no {noun}")
            made = getattr(import_module(f"{__name__}.{noun}"), name)(self._database)
            return self.__dict__.setdefault(noun, made)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


# The class of each noun, by the name of its file.
NOUNS: Mapping[str, str] = ControlPlane.__annotations__
