"""A production that serves, is backed up, restored and drilled: real data, real files, and an Odoo that stands in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg

from assets.backup import backup as backup_asset
from assets.backup_jobs import compare, retention, verify
from assets.jobs import drill
from assets.production import production as production_asset
from assets.recovery_drill import recovery_drill
from assets.restore import restore
from odooops_dagster import home as names
from odooops_dagster.control import ControlPlane
from odooops_dagster.engine import tags
from odooops_dagster.kinds import KINDS
from odooops_dagster.model import Backup, Build, Environment, Restore, Run, Source
from odooops_dagster.steps.build.image import keep_build
from odooops_dagster.steps.environment.converge import converge
from odooops_dagster.steps.upkeep.janitor import collect
from odooops_dagster.tools.postgres.connections import conninfo
from odooops_dagster.tools.runtime.memory import MemoryRuntime
from odooops_dagster.tools.runtime.process import ProcessRuntime
from resources.run_scope import RunScopeResource
from sensors.ops_queue import placed
from tests.dagster import stand_in_odoo
from tests.dagster.engine import until
from tests.dagster.productions import IMAGE, SHA, Shop, deployed, filled, shop
from tests.environments import answers, ask
from tests.servers import PostgresServer

COLUMNS = """
alter table ir_attachment add url text, add public boolean;
create table ir_config_parameter (key text, value text);
insert into ir_config_parameter values ('database.uuid', 'productions own');
"""
# What the stand-in's module `base` says is to be done to a copy.
NEUTRALIZE = (
    "insert into ir_config_parameter (key, value) values ('database.is_neutralized', 'true');"
    " update sale_order set note = 'harmless';"
)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """A shop that serves, and what can be done with its backups."""

    shop: Shop
    runtime: MemoryRuntime | ProcessRuntime

    @property
    def environment(self) -> Environment:
        """Return the production as its row says now."""
        return self.shop.control.environments.by_id(self.shop.environment.id)

    @property
    def files(self) -> Path:
        """Return the filestore that serves now."""
        return names.filestore(self.shop.settings.home, self.environment, str(self.environment.database_name))

    def serve(self) -> None:
        """Let what the row names serve, and wait until it does."""
        converge(self.shop.control, self.runtime, self.shop.databases, self.shop.settings, self.environment)
        home = self.shop.settings.home
        until(lambda: answers(home, self.environment), f"{self.environment.url} answers")

    def orders(self, environment: Environment | None = None) -> int:
        """Return how many orders there are, as whoever opens the environment's URL sees it."""
        answer = ask(self.shop.settings.home, environment or self.environment, "/orders")
        return int(answer.raise_for_status().text)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database that serves now."""
        with self._connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def change(self, statement: str) -> None:
        """Change the data that serve now."""
        with self._connect() as connection:
            connection.execute(statement.encode())

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        role = names.role_name(self.environment)
        return psycopg.connect(conninfo(self.shop.databases.access(str(self.environment.database_name), role=role)))

    def ask(self, backup: Backup, **config: str) -> Restore:
        """Ask for a restore in place."""
        return self.shop.control.backups.restore(backup.id, target_env=self.environment.name, config=config)

    def restore(self, backup: Backup, **config: str) -> Restore:
        """Ask for a restore in place, carry it out, and return its row."""
        asked = self.ask(backup, **config)
        self.execute(self.shop.claim())
        return self.shop.control.backups.get_restore(asked.id)

    def undo(self, restored: Restore) -> Run:
        """Ask for the way back from a restore, carry it out, and return the run."""
        run_id = self.shop.control.runs.queue(
            self.environment.project_id,
            env=self.environment.name,
            git_sha=None,
            ref=None,
            kind="restore",
            config={"undo": str(restored.id)},
        )
        self.execute(self.shop.claim())
        return self.shop.control.runs.get(run_id)

    def back_up_staging(self, server: PostgresServer) -> Backup:
        """Return a backup of a staging that is filled and serves."""
        made = self.shop
        staging = made.control.environments.ensure(made.project.id, branch="release/1", stage="staging")
        role = names.role_name(staging)
        database = f"{role}_data"
        made.databases.ensure_role(role)
        made.databases.create(database, owner=role)
        folder = names.filestore(made.settings.home, staging, database)
        filled(made.databases, server, role, database, folder).execute("delete from sale_order where id > 500")
        deployed(made.control, made.project, staging, database)
        asked = made.control.backups.create(made.project.id, env=staging.name)
        made.execute(made.claim())
        return made.control.backups.get(asked.id)

    def drill(self, backup: Backup) -> Run:
        """Ask for a drill of the backup, carry it out, and return the run."""
        asked = self.shop.control.backups.restore(backup.id, target_env=None, purpose="drill")
        self.execute(self.shop.claim())
        return self.shop.control.runs.get(UUID(str(asked.run_id)))

    def execute(self, run: Run, **changed: object) -> dg.ExecuteInProcessResult:
        """Run the job for a claimed run in this process, with the partition that the queue's sensor gives it."""
        run = placed(self.shop.control, run)
        if run.partition_key is not None:
            self.shop.instance.add_dynamic_partitions("environments", [run.partition_key])
        scope = RunScopeResource(
            control=self.shop.control,
            runtime=self.runtime,
            store=self.shop.store,
            databases=self.shop.databases,
            settings=self.shop.settings.model_copy(update=changed),
        )
        definitions = dg.Definitions(
            assets=[production_asset, backup_asset, recovery_drill],
            jobs=[restore, drill, verify, retention, compare],
            resources={"scope": scope},
        )
        return definitions.resolve_job_def(str(KINDS[run.kind].job)).execute_in_process(
            instance=self.shop.instance,
            partition_key=run.partition_key,
            tags=tags.tags_of(run),
            raise_on_error=False,
        )

    def collect(self) -> list[str]:
        """Let the janitor go round."""
        return collect(self.shop.control, self.runtime, self.shop.databases, self.shop.settings)


@contextmanager
def recovery(
    control: ControlPlane, server: PostgresServer, home: Path, *, runtime: MemoryRuntime | ProcessRuntime | None = None
) -> Iterator[Recovery]:
    """Yield a shop that serves; its services end with the block."""
    with shop(control, server, home) as made:
        stand_in(home, IMAGE)
        made.data.execute(COLUMNS)
        runtime = runtime or MemoryRuntime()
        try:
            yield Recovery(shop=made, runtime=runtime)
        finally:
            runtime.shut_down()
            clear(made)


def clear(made: Shop) -> None:
    """Drop what restores made on the server; the shop drops what is production's own."""
    for environment in made.control.environments.list():
        for name in made.databases.list(names.DATABASE_PREFIX):
            if names.short_id(environment) in name and name != made.environment.database_name:
                made.databases.drop(name)
        if environment.id != made.environment.id:
            made.databases.drop_role(names.role_name(environment))


def stand_in(home: Path, digest: str) -> Build:
    """Keep a build under the digest whose Odoo is the program that stands in."""
    folder = home / "stand-in"
    script = folder / "base" / "data" / "neutralize.sql"
    script.parent.mkdir(parents=True)
    script.write_text(NEUTRALIZE)
    (folder / "base" / "__manifest__.py").write_text("{'name': 'Base'}")
    # Both are where a real build has them, and its sandbox shows them.
    python = home / "venvs" / "stand-in" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    program = shutil.copy(stand_in_odoo.__file__, python.parent)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" "$@"\n')
    python.chmod(0o755)
    source = Source(
        path=folder, git_sha=SHA, tree_digest="tree", addons_paths=(folder,), modules=("base",), requirements=()
    )
    build = Build(
        digest=digest,
        series="19.0",
        odoo_revision="r1",
        python=python,
        addons_paths=(folder,),
        modules=("base",),
        closure=("base",),
        source=source,
    )
    keep_build(home, build)
    return build
