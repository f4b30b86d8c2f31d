"""A drill's sandbox: a database, a role, a service and a folder with one name, used by nothing else.

The folder is created first and removed last, so that the leftovers of a killed drill are found by it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.files import write_whole
from odooops_dagster.home import DRILL_PREFIX, StateEntry, drill_name, run_of_drill, sandbox_folder, trial_socket
from odooops_dagster.model import Build, DatabaseAccess, Service
from odooops_dagster.settings import Settings
from odooops_dagster.steps.core.context import StepContext
from odooops_dagster.steps.core.undo import undoing
from odooops_dagster.steps.environment.confinement import confined, from_inside, home_of
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.environment.shares import share_of_drill
from odooops_dagster.tools.odoo import commands
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.project_file import OdooOptions
from odooops_dagster.tools.runtime import Runtime

# Only the platform opens what runs in a sandbox, at its socket.
URL = "http://localhost/"


@dataclass(frozen=True, kw_only=True)
class DrillSandbox:
    """The sandbox of one attempt of a drill."""

    name: str
    run_id: UUID
    folder: Path

    @property
    def filestore(self) -> Path:
        """Return the folder in which the sandbox's Odoo looks for attachments."""
        return self.folder / "data" / "filestore" / self.name

    def service(
        self, settings: Settings, access: DatabaseAccess, build: Build, *, more: OdooOptions | None = None
    ) -> Service:
        """Write the configuration of the sandbox's Odoo, without cron threads, and return the service."""
        config = self.folder / "odoo.conf"
        text = commands.config_file(
            from_inside(settings, access),
            data_dir=self.folder / "data",
            addons_paths=build.addons_paths,
            port=settings.environments_port,
            cron_threads=0,
            memory_mb=settings.odoo_memory_mb,
            series=build.series,
            more=more or OdooOptions(),
        )
        write_whole(config, text.encode())
        data = self.folder / "data"
        return Service(
            name=self.name,
            argv=commands.serve_command(build, config),
            cwd=home_of(data),
            sandbox=confined(settings, build, config=config, data=data, access=access),
            port=settings.environments_port,
            log_path=self.folder / "odoo.log",
            memory_mb=settings.odoo_memory_mb,
            share=share_of_drill(settings, name=self.name, folder=self.folder),
            socket=trial_socket(settings.home, self.name),
        )

    def take_away(self, control: ControlPlane, runtime: Runtime, databases: OdooDatabases) -> None:
        """Remove the whole sandbox; skip the parts that are already gone."""
        runtime.stop(self.name, remove=True)
        retire_database(control, databases, self.name)
        databases.drop_role(self.name)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def sandbox(ctx: StepContext) -> Iterator[DrillSandbox]:
    """Yield this attempt's sandbox with its role and no database yet, and remove it whatever happens."""
    name = drill_name(ctx.run)
    place = DrillSandbox(name=name, run_id=ctx.run.id, folder=sandbox_folder(ctx.settings.home, name))
    with undoing(ctx.log) as undo:
        undo.add(f"what is left of drill {name}", lambda: place.take_away(ctx.control, ctx.runtime, ctx.databases))
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        ctx.databases.ensure_role(name)
        yield place
        undo.run()


@contextmanager
def scratch(ctx: StepContext) -> Iterator[tuple[DrillSandbox, DatabaseAccess]]:
    """Yield this attempt's sandbox with an empty database, and remove it whatever happens."""
    with sandbox(ctx) as place:
        ctx.databases.create(place.name, owner=place.name)
        yield place, ctx.databases.access(place.name, role=place.name)


def left_behind(home: Path) -> list[DrillSandbox]:
    """Return all existing sandboxes, of any run."""
    folders = sorted((home / StateEntry.DRILLS).glob(f"{DRILL_PREFIX}*"))
    runs = [(path, run_of_drill(path.name)) for path in folders]
    return [DrillSandbox(name=path.name, run_id=run_id, folder=path) for path, run_id in runs if run_id is not None]
