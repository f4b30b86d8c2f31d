"""A production whose data are real: a database of its own role, files beside it, and the job that backs it up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from assets.backup import backup as backup_asset
from assets.jobs import back_up
from assets.production import production as production_asset
from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.local.identity import identify
from odooops_dagster.model import Backup, Environment, Fence, Project, Run
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.dump import Programs
from odooops_dagster.tools.backup.repositories import manifest_key, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.store import FolderStore, ObjectStore
from resources.run_scope import RunScopeResource
from tests.backups import Production
from tests.servers import PostgresServer

SHA = "0123456789abcdef0123456789abcdef01234567"
IMAGE = "sha256:" + "a" * 64


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A project with a deployed production, and the ways to back it up."""

    control: ControlPlane
    settings: Settings
    databases: OdooDatabases
    store: ObjectStore
    instance: dg.DagsterInstance
    project: Project
    environment: Environment
    data: Production
    server: PostgresServer

    @property
    def repository(self) -> Repository:
        """Return the repository of the project's backups."""
        return repository_of(self.store, self.settings, self.project.slug)

    def ask(self, **options: str) -> Backup:
        """Ask for a backup."""
        return self.control.backups.create(self.project.id, env=self.environment.name, **options)

    def claim(self) -> Run:
        """Claim the next run as the queue's sensor does."""
        [run] = self.control.runs.claim(f"dagster@{socket.gethostname()}", limit=1, lease_seconds=60)
        return run

    def execute(self, run: Run, *, store: ObjectStore | None = None) -> dg.ExecuteInProcessResult:
        """Run the job for a claimed run in this process."""
        key = str(run.partition_key)
        self.instance.add_dynamic_partitions("environments", [key])
        job = dg.Definitions(
            assets=[production_asset, backup_asset], jobs=[back_up], resources=self._resources(store or self.store)
        ).resolve_job_def("back_up")
        return job.execute_in_process(
            instance=self.instance, partition_key=key, tags=tags.tags_of(run), raise_on_error=False
        )

    def back_up(self, **options: str) -> Backup:
        """Ask for a backup, make it, and return its row."""
        asked = self.ask(**options)
        self.execute(self.claim())
        return self.control.backups.get(asked.id)

    def spoil(self, backup: Backup) -> str:
        """Change one byte of an object of files, which the next backup shares, and return its name."""
        manifest = self.repository.manifest(str(manifest_key(backup)))
        others = {*manifest.dump, *manifest.file_table}
        piece = max(
            (piece for piece in manifest.objects.values() if piece.name not in others),
            key=lambda piece: piece.stored_bytes,
        )
        key = self.repository.prefix + piece.key
        whole = bytearray(self.store.get(key))
        whole[len(whole) // 2] ^= 1
        self.store.put(key, bytes(whole))
        return piece.name

    def _resources(self, store: ObjectStore) -> dict[str, Any]:
        scope = RunScopeResource(
            control=self.control,
            runtime=MemoryRuntime(),
            store=store,
            databases=self.databases,
            settings=self.settings,
        )
        return {"scope": scope}


@contextmanager
def shop(control: ControlPlane, server: PostgresServer, home: Path) -> Iterator[Shop]:
    """Yield a project whose production is deployed and filled, and leave the server as it was."""
    databases = OdooDatabases(
        server.url("postgres"), secrets=home / "secrets", identity=lambda: identify(control, home)
    )
    project = control.projects.create("shop", repo_url="https://forge.example/shop.git", odoo_version="19.0")
    environment = control.environments.ensure(project.id, branch="main", stage="production")
    role, database = names.role_name(environment), f"{names.role_name(environment)}_data"
    settings = Settings(home=home, heartbeat_seconds=1)
    try:
        databases.ensure_role(role)
        # No run made it, as its name says; the janitor knows it by its environment.
        OdooDatabases(server.url("postgres"), secrets=home / "secrets").create(database, owner=role)
        data = filled(databases, server, role, database, names.filestore(home, environment, database))
        with dg.DagsterInstance.ephemeral() as instance:
            yield Shop(
                control=control,
                settings=settings,
                databases=databases,
                store=FolderStore(home / "store"),
                instance=instance,
                project=project,
                environment=deployed(control, project, environment, database),
                data=data,
                server=server,
            )
    finally:
        for name in databases.list(role):
            databases.drop(name)
        databases.drop_role(role)


def known_to_ops(patch: pytest.MonkeyPatch, home: Path, *, control_url: str, server: PostgresServer) -> None:
    """Let the command line find the control plane, the databases' server and the store of a test."""
    for name, value in {
        "ODOOOPS_HOME": str(home),
        "ODOOOPS_DATABASE_URL": control_url,
        "ODOOOPS_ODOO_DATABASE_URL": server.url("postgres"),
        "ODOOOPS_DAGSTER_DATABASE_URL": server.url("postgres"),
    }.items():
        patch.setenv(name, value)


def filled(databases: OdooDatabases, server: PostgresServer, role: str, database: str, folder: Path) -> Production:
    """Fill the database as its role does, so that the role owns what is in it."""
    access = databases.access(database, role=role)
    url = psycopg.conninfo.make_conninfo(
        host=access.host, port=access.port, user=access.user, password=access.password, dbname=access.database
    )
    folder.mkdir(parents=True)
    data = Production(url, folder, Programs(folder=server.embedded.bin_dir))
    data.fill()
    return data


def deployed(control: ControlPlane, project: Project, environment: Environment, database: str) -> Environment:
    """Let the environment's row say what a deployment leaves there."""
    run_id = control.runs.queue(project.id, env=environment.name, git_sha=SHA, ref="refs/heads/main")
    [run] = control.runs.claim("tests", limit=1)
    assert run.id == run_id
    fence = Fence(run_id=run.id, attempt=run.attempt, worker_id="tests")
    control.runs.start(fence)
    control.environments.record_deployment(
        fence,
        url=names.environment_url(Settings(), environment),
        port=None,
        database_name=database,
        image_digest=IMAGE,
        git_sha=SHA,
        expires_at=None,
    )
    control.runs.complete(fence, exit_code=0)
    return control.environments.by_id(environment.id)
