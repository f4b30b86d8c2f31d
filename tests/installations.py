"""Installations: a state folder, the control plane that it works for, and a server of environments, perhaps shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg

from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.local.identity import identify
from odooops_dagster.model import Environment, Fence, Run, RunKind, Service
from odooops_dagster.settings import Settings
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.runtime.ports import free_port

SHA = "a" * 40


@dataclass(kw_only=True)
class Installation:
    """One of them; its control plane may be exchanged for another."""

    home: Path
    admin_url: str
    control: ControlPlane
    runtime: MemoryRuntime = field(default_factory=MemoryRuntime)

    @property
    def settings(self) -> Settings:
        """Return its settings."""
        return Settings(home=self.home)

    @property
    def databases(self) -> OdooDatabases:
        """Return the server of environments, as the platform's own wiring has it."""
        return OdooDatabases(
            self.admin_url, secrets=self.home / "secrets", identity=lambda: identify(self.control, self.home)
        )

    def sweep(self) -> list[str]:
        """Let the janitor go round once."""
        return collect(self.control, self.runtime, self.databases, self.settings)

    def alarms(self) -> dict[str, str]:
        """Return the open alarms: key and description."""
        return {str(alarm.key): alarm.description for alarm in self.control.incidents.alarms()}

    def project(self) -> UUID:
        """Return the one project."""
        found = {project.slug: project.id for project in self.control.projects.list()}
        if "shop" not in found:
            url = "https://example.invalid/shop.git"
            return self.control.projects.create("shop", repo_url=url, odoo_version="19.0").id
        return found["shop"]

    def begin(self, branch: str, *, kind: RunKind = "deploy") -> tuple[Environment, Run, Fence]:
        """Return a run at work on the branch."""
        project = self.project()
        environment = self.control.environments.ensure(project, branch=branch)
        self.control.runs.queue(project, env=branch, git_sha=SHA, ref=f"refs/heads/{branch}", kind=kind)
        (run,) = self.control.runs.claim("worker", limit=1)
        fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="worker")
        return environment, self.control.runs.start(fence, dagster_run_id=str(run.id), lease_seconds=60), fence

    def build(self, environment: Environment, run: Run) -> str:
        """Make what a run makes: the role, a database with an attachment, and a service; return the database's name."""
        role, name = names.role_name(environment), names.database_name(environment, run)
        databases = self.databases.made_by(run.id)
        databases.ensure_role(role)
        databases.create(name, owner=role)
        files = names.filestore(self.home, environment, name) / "05"
        files.mkdir(parents=True)
        (files / "05aa").write_text("an invoice")
        service = names.service_name(environment)
        log = self.home / f"{service}.log"
        self.runtime.start(
            Service(name=service, argv=("sleep", "600"), cwd=self.home, sandbox=None, port=free_port(), log_path=log)
        )
        return name

    def record(self, fence: Fence, name: str) -> str | None:
        """Point the environment at the database, and return the one before."""
        return self.control.environments.record_deployment(
            fence,
            url="http://127.0.0.1:1/",
            port=free_port(),
            database_name=name,
            image_digest="sha256:0",
            git_sha=SHA,
            expires_at=None,
        )

    def deploy(self, branch: str) -> tuple[Environment, str]:
        """Build and record a deployment; the database before it goes, as with every deployment."""
        environment, run, fence = self.begin(branch)
        name = self.build(environment, run)
        previous = self.record(fence, name)
        self.control.runs.complete(fence, exit_code=0)
        if previous is not None:
            self.databases.drop(previous)
        return self.control.environments.by_id(environment.id), name

    def fail(self, branch: str) -> tuple[Environment, str]:
        """Leave what a killed run leaves."""
        environment, run, fence = self.begin(branch)
        name = self.build(environment, run)
        self.control.runs.complete(fence, exit_code=1, error_message="killed")
        return environment, name

    def files(self) -> list[str]:
        """Return every attachment below the state folder."""
        return sorted(path.parent.parent.name for path in self.home.glob("environments/*/data/filestore/*/05/05aa"))


def become_another(control_database: str) -> None:
    """Give the control plane of a copied database an id of its own, as one has that was migrated by itself."""
    with psycopg.connect(control_database, autocommit=True) as connection:
        connection.execute("update ops.control_plane set id = gen_random_uuid()")
