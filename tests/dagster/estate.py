"""A project whose environments really live: real steps, real databases, real git, and an Odoo that stands in.

What is replaced is what would be downloaded, Odoo and its Python: see `use_stand_in_odoo`. Everything else is the
product's own, the coordinator's enrolment of a click and the jobs included.
"""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import psycopg
import pytest

from assets.backup import backup
from assets.database import database
from assets.deployment import deployment
from assets.image import image
from assets.jobs import JOBS
from assets.prod_clone import prod_clone
from assets.production import production
from assets.recovery_drill import recovery_drill
from assets.source import source
from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.engine.coordinator import WORKER, enroll
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Backup, DatabaseAccess, Environment, Project, Restore, Run, RunKind
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.converge import converge_all
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.steps.upkeep.poll import poll_project
from odooops_dagster.tools import git
from odooops_dagster.tools.odoo import distribution, environment
from odooops_dagster.tools.odoo.commands import launcher
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.runtime.process import ProcessRuntime
from odooops_dagster.tools.store import FolderStore
from resources.io import run_memory
from resources.run_scope import RunScopeResource
from sensors.ops_queue import startable
from tests.dagster import stand_in_odoo
from tests.dagster.engine import until
from tests.environments import answers, ask
from tests.repositories import Repository
from tests.servers import PostgresServer

ASSETS = (source, image, prod_clone, database, deployment, production, backup, recovery_drill)
# What the stand-in's module `base` says is to be done to a copy.
NEUTRALIZE = (
    "insert into ir_config_parameter (key, value) values ('database.is_neutralized', 'true') on conflict do nothing;"
    " update sale_order set note = 'harmless';"
)


@dataclass(frozen=True, kw_only=True)
class Estate:
    """A project with its repository, and all that works on it."""

    control: ControlPlane
    settings: Settings
    databases: OdooDatabases
    runtime: Runtime
    instance: dg.DagsterInstance
    project: Project
    repository: Repository
    store: FolderStore

    # -- what people ask for

    def push(self, branch: str, *, broken: bool = False) -> str:
        """Push a commit to the branch and tell the platform; `broken` installs and does not serve."""
        path = self.repository.work / stand_in_odoo.BROKEN
        if path.exists() and not broken:
            path.unlink()
        files = {"shop/__manifest__.py": "{'name': 'Shop', 'depends': ['base']}"}
        sha = self.repository.commit(files | ({path.name: "x"} if broken else {}), branch=branch)
        poll_project(self.control, self.project)
        return sha

    def queue(self, branch: str | None, kind: RunKind = "deploy", **config: str) -> Run:
        """Queue a run of the branch's newest commit."""
        sha = git.head_of(self.project.repo_url, branch) if branch else None
        run_id = self.control.runs.queue(
            self.project.id, env=branch, git_sha=sha, ref=f"refs/heads/{branch}", kind=kind, config=dict(config)
        )
        return self.control.runs.get(run_id)

    def back_up(self, branch: str) -> Backup:
        """Ask for a backup, make it, and return its row."""
        asked = self.control.backups.create(self.project.id, env=branch)
        self.work_off()
        return self.control.backups.get(asked.id)

    def restore(self, taken: Backup, branch: str) -> Restore:
        """Ask for a restore in place, carry it out, and return its row."""
        asked = self.control.backups.restore(taken.id, target_env=branch)
        self.work_off()
        return self.control.backups.get_restore(asked.id)

    def undo(self, restored: Restore, branch: str) -> Run:
        """Ask for the way back from a restore, carry it out, and return the run."""
        run = self.queue(branch, "restore", undo=str(restored.id))
        self.work_off()
        return self.control.runs.get(run.id)

    def click(self, branch: str, *assets: str, job: str = "__ASSET_JOB") -> Run:
        """Materialize the assets of the branch's partition as the UI does, and return the run as it ended.

        Raises what the coordinator refuses.
        """
        key = self.environment(branch).partition_key
        launched = dg.DagsterRun(
            job_name=job,
            run_id=str(uuid4()),
            tags={"dagster/partition": key},
            asset_selection=frozenset(map(dg.AssetKey, assets)) or None,
        )
        fence = enroll(self.control, launched, requested_by="ada")
        run = self.control.runs.get(fence.run_id)
        return self.execute(run, assets=assets, job=job, run_id=launched.run_id)

    # -- what the platform does

    def claim(self) -> Run:
        """Claim the next run as the queue's sensor does."""
        [run] = self.control.runs.claim(f"dagster@{socket.gethostname()}", limit=1, lease_seconds=60)
        return startable(self.control, run)

    def work_off(self) -> list[Run]:
        """Carry out all that waits, one after the other, and return the runs as they ended."""
        ended = []
        while self.control.runs.peek(1):
            ended.append(self.execute(self.claim()))
        return ended

    def execute(self, run: Run, *, assets: tuple[str, ...] = (), job: str | None = None, run_id: str = "") -> Run:
        """Run a claimed run's job, or some assets of it, in this process; return the row as it ended."""
        key = str(run.partition_key)
        self.instance.add_dynamic_partitions("environments", [key])
        definitions = dg.Definitions(assets=ASSETS, jobs=JOBS, resources=self._resources())
        definitions.resolve_job_def(job or str(KINDS[run.kind].job)).execute_in_process(
            instance=self.instance,
            partition_key=key,
            tags=tags.tags_of(run) | {tags.WORKER: run.claimed_by or WORKER},
            asset_selection=[dg.AssetKey(name) for name in assets] or None,
            run_id=run_id or None,
            raise_on_error=False,
        )
        return self.control.runs.get(run.id)

    def keep_house(self) -> list[str]:
        """Do one round of the sensor `housekeeping`: start what should run, remove what nobody owns."""
        mended = converge_all(self.control, self.runtime, self.databases, self.settings)
        return [*mended, *collect(self.control, self.runtime, self.databases, self.settings)]

    # -- what can be seen

    def environment(self, branch: str) -> Environment:
        """Return the branch's environment, made now if there is none."""
        return self.control.environments.ensure(self.project.id, branch=branch)

    def serving(self, branch: str) -> str | None:
        """Return the database that the branch's row names."""
        return self.environment(branch).database_name

    def orders(self, branch: str) -> int:
        """Return how many orders there are, as whoever opens the environment's URL sees it."""
        environment = self.environment(branch)
        until(lambda: answers(self.settings.home, environment), f"{environment.url} answers", seconds=30)
        return int(ask(self.settings.home, environment, "/orders").raise_for_status().text)

    def file(self, branch: str, number: int) -> bytes:
        """Return an attachment, as whoever opens the environment's URL gets it."""
        return ask(self.settings.home, self.environment(branch), f"/web/content/{number}").raise_for_status().content

    def order(self, branch: str, count: int) -> None:
        """Let people enter orders into what serves now."""
        self.change(
            branch,
            "insert into sale_order (name, note, amount)"
            f" select 'S' || n, 'n', n from generate_series(1, {count}) as n",
        )

    def change(self, branch: str, statement: str) -> None:
        """Change the data that serve now, as the environment's role."""
        with psycopg.connect(conninfo(self.access(branch))) as connection:
            connection.execute(statement.encode())

    def access(self, branch: str) -> DatabaseAccess:
        """Return how the branch's Odoo reaches the database that serves now."""
        return self.databases.access(str(self.serving(branch)), role=names.role_name(self.environment(branch)))

    def made(self) -> list[str]:
        """Return the platform's databases on the server, templates included."""
        return [*self.databases.list(names.DATABASE_PREFIX), *self.databases.list(names.TEMPLATE_PREFIX)]

    def _resources(self) -> dict[str, Any]:
        scope = RunScopeResource(
            control=self.control,
            runtime=self.runtime,
            store=self.store,
            databases=self.databases,
            settings=self.settings,
        )
        return {"scope": scope, "memory": run_memory, "io_manager": run_memory}


def libraries(home: Path) -> Path:
    """Return the folder of repositories that every project may take as submodules; it is none of the platform's."""
    folder = home.with_name(f"{home.name}-libraries")
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def estate(
    control: ControlPlane, server: PostgresServer, home: Path, *, runtime: MemoryRuntime | ProcessRuntime | None = None
) -> Iterator[Estate]:
    """Yield a project without environments; what was made on the server and in the runtime goes with the block."""
    databases = OdooDatabases(server.url("postgres"), secrets=home / "secrets")
    before = set(databases.list())
    roles = set(databases.roles(names.DATABASE_PREFIX))
    repository = Repository(home)
    project = control.projects.create("shop", repo_url=repository.url, odoo_version="19.0")
    runtime = runtime or MemoryRuntime()
    try:
        with dg.DagsterInstance.ephemeral() as instance:
            yield Estate(
                control=control,
                # The Odoo that stands in is not where a sandbox would show it.
                settings=Settings(
                    home=home,
                    heartbeat_seconds=1,
                    lease_seconds=30,
                    trust_pushers=True,
                    submodule_folders=str(libraries(home)),
                ),
                databases=databases,
                runtime=runtime,
                instance=instance,
                project=project,
                repository=repository,
                store=FolderStore(home / "store"),
            )
    finally:
        runtime.shut_down()
        mine = [*databases.list(names.DATABASE_PREFIX), *databases.list(names.TEMPLATE_PREFIX)]
        for name in set(mine) - before:
            databases.drop(name)
        for role in set(databases.roles(names.DATABASE_PREFIX)) - roles - {"ops_templates"}:
            databases.drop_role(role)


def use_stand_in_odoo(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put the stand-in where Odoo and its Python would come from; builds, digests and manifests are made of it."""
    base = folder / "odoo" / "addons" / "base"
    (base / "data").mkdir(parents=True, exist_ok=True)
    (base / "__manifest__.py").write_text("{'name': 'Base'}")
    (base / "data" / "neutralize.sql").write_text(NEUTRALIZE)
    python = folder / "odoo" / "python"
    # Below the folder of installations, which every sandbox shows.
    program = shutil.copy(stand_in_odoo.__file__, folder / "odoo")
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$@"\n')
    python.chmod(0o755)
    installed = distribution.Installation(
        series="19.0",
        revision="stand-in",
        origin="folder",
        path=folder / "odoo",
        script=launcher(),
        library=folder / "odoo",
        python=python,
        python_version="3.11",
        addons_paths=(base.parent,),
    )
    made = environment.PythonEnvironment(python=python, digest="stand-in", addons_paths=())
    patch.setattr(distribution, "install", lambda *_, **__: installed)
    patch.setattr(environment, "overlay", lambda *_, **__: made)
