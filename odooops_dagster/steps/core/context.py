"""The context of every step: the run, its project and environment, and the ports it may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import run_folder
from odooops_dagster.model import Environment, Evidence, Fence, LogLevel, Project, Run
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core import evidence
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.store import ObjectStore

# Takes a level and a one-line message; the line is in ops.run_logs while the step still works.
Log = Callable[[LogLevel, str], None]


@dataclass(frozen=True, kw_only=True)
class ProjectContext:
    """One run at work in a project."""

    run: Run
    project: Project
    fence: Fence
    control: ControlPlane
    runtime: Runtime
    store: ObjectStore
    databases: OdooDatabases
    settings: Settings
    log: Log

    @property
    def run_folder(self) -> Path:
        """Return the run's working folder, made on first use."""
        folder = run_folder(self.settings.home, self.run.id)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, key: str, data: bytes, *, content_type: str = "application/json") -> Evidence:
        """Store a file of the run and record it under `key`, so that it can be shown as evidence."""
        return evidence.record(
            self.control.artifacts, self.store, self.fence, key=key, data=data, content_type=content_type
        )

    def odoo_worked(self, what: str, *, seconds: float) -> None:
        """Record in the run's events how long Odoo itself worked, so that the platform's share can be computed."""
        message = f"{what}: Odoo took {seconds:.1f} s"
        payload = {"odoo": what, "seconds": round(seconds, 3)}
        self.control.logs.event(self.fence, level="info", message=message, payload=payload)


@dataclass(frozen=True, kw_only=True)
class StepContext(ProjectContext):
    """One run at work on an environment, or on a backup of one."""

    environment: Environment
