"""What killed runs leave behind is found by its name and taken away."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from odooops_dagster.control import ControlPlane
from odooops_dagster.databases import OdooDatabases
from odooops_dagster.errors import Conflict
from odooops_dagster.model import Environment
from odooops_dagster.runtime import Runtime
from odooops_dagster.settings import Settings
from odooops_dagster.steps.golden import retire_golden
from odooops_dagster.steps.names import (
    DATABASE_PREFIX,
    SCRATCH_PREFIX,
    TEMPLATE_PREFIX,
    Owner,
    filestore,
    owner_of_database,
    owner_of_service,
    short_id,
)
from odooops_dagster.steps.records import remove_sidecars
from odooops_dagster.steps.restore import kept_databases
from odooops_dagster.steps.scratch import Scratch, left_behind


@dataclass(frozen=True, kw_only=True)
class InUse:
    """What must stay: environments by short id, the runs that work, the databases that are deployed or kept."""

    environments: dict[str, Environment]
    working: frozenset[tuple[str, int]]
    runs: frozenset[UUID]
    databases: frozenset[str]

    def keeps(self, owner: Owner) -> bool:
        """Return whether a live environment or a working run still owns the thing."""
        if owner.run_number is None:
            environment = self.environments.get(owner.environment)
            building = any(short == owner.environment for short, _ in self.working)
            return building or (environment is not None and environment.database_name is not None)
        return (owner.environment, owner.run_number) in self.working


def collect(control: ControlPlane, runtime: Runtime, databases: OdooDatabases, settings: Settings) -> list[str]:
    """Remove databases, services and folders that no live environment and no working run owns; say what went.

    Things are listed before their owners are asked for: a thing made after that is not on the list, one made before has
    an owner that shows unless it is dead.
    """
    services = [status.name for status in runtime.status()]
    names = [*databases.list(DATABASE_PREFIX), *databases.list(TEMPLATE_PREFIX)]
    roles = databases.roles(SCRATCH_PREFIX)
    folders = list(_environment_folders(settings.home))
    drafts = list(_drafts(settings.home))
    drills = left_behind(settings.home)
    retire_golden(control, now=datetime.now(UTC))
    in_use = _in_use(control)
    return [
        *_services(runtime, services, in_use),
        *_databases(databases, settings, names, in_use),
        *_scratch_roles(databases, roles, in_use),
        *_folders(folders, in_use),
        *_remove_drafts(drafts, in_use),
        *_drills(control, runtime, databases, drills, in_use),
        *remove_sidecars(control, databases, now=datetime.now(UTC)),
    ]


def _in_use(control: ControlPlane) -> InUse:
    active = control.runs.active()
    working = [run for run in active if run.environment_id is not None]
    environments = control.environments.list()
    templates = {row["database_name"] for row in control.templates.list()}
    replaced = kept_databases(control.backups.restores(purpose="restore"), now=datetime.now(UTC))
    return InUse(
        environments={short_id(e): e for e in environments if e.status != "destroyed"},
        working=frozenset((UUID(str(run.environment_id)).hex[:8], run.run_number) for run in working),
        runs=frozenset(run.id for run in active),
        databases=frozenset(templates | replaced | {e.database_name for e in environments if e.database_name}),
    )


def _services(runtime: Runtime, names: list[str], in_use: InUse) -> Iterator[str]:
    for name in names:
        owner = owner_of_service(name)
        if owner is not None and not in_use.keeps(owner):
            runtime.stop(name, remove=True)
            yield f"service {name}"


def _databases(databases: OdooDatabases, settings: Settings, names: list[str], in_use: InUse) -> Iterator[str]:
    for name in names:
        if name in in_use.databases or _is_being_built(name, in_use):
            continue
        databases.drop(name)
        _remove_files_of(settings.home, name, in_use)
        yield f"database {name}"


def _scratch_roles(databases: OdooDatabases, roles: list[str], in_use: InUse) -> Iterator[str]:
    """Drop the roles of copies that were never made harmless, or handed over; their databases are gone by now."""
    for role in roles:
        owner = owner_of_database(role)
        if owner is None or in_use.keeps(owner):
            continue
        try:
            databases.drop_role(role)
        except Conflict:
            continue  # its database is being dropped by somebody else: the next round finds it
        yield f"role {role}"


def _is_being_built(name: str, in_use: InUse) -> bool:
    if name.startswith(TEMPLATE_PREFIX):
        # A template is being kept only while some run works; wait until none does.
        return bool(in_use.working)
    owner = owner_of_database(name)
    return owner is None or (owner.environment, int(owner.run_number or 0)) in in_use.working


def _remove_files_of(home: Path, database: str, in_use: InUse) -> None:
    shutil.rmtree(home / "templates" / database, ignore_errors=True)
    owner = owner_of_database(database)
    environment = in_use.environments.get(owner.environment) if owner else None
    if environment is not None:
        shutil.rmtree(filestore(home, environment, database), ignore_errors=True)


def _drills(
    control: ControlPlane, runtime: Runtime, databases: OdooDatabases, drills: list[Scratch], in_use: InUse
) -> Iterator[str]:
    """Remove the places of drills that nobody works on."""
    for place in drills:
        if place.run_id not in in_use.runs:
            try:
                place.take_away(control, runtime, databases)
            except Conflict:
                continue  # somebody connects to it still: the next round finds it
            yield f"drill {place.name}"


def _environment_folders(home: Path) -> Iterator[Path]:
    root = home / "environments"
    if root.is_dir():
        yield from (path for path in root.iterdir() if path.is_dir() and len(path.name) == len(UUID(int=0).hex))


def _folders(folders: list[Path], in_use: InUse) -> Iterator[str]:
    for path in folders:
        short = path.name[:8]
        if short not in in_use.environments and not any(short == working for working, _ in in_use.working):
            shutil.rmtree(path, ignore_errors=True)
            yield f"folder {path.name}"


def _drafts(home: Path) -> Iterator[tuple[Path, UUID]]:
    """Yield what a run wrote for itself alone, with the run: its working folder and its half-made checkouts."""
    for path in (home / "runs").glob("*"):
        run = _as_uuid(path.name)
        if run is not None:
            yield path, run
    for path in (home / "sources").glob("*/.*.*.*"):
        run = _as_uuid(path.name.split(".")[2])
        if run is not None:
            yield path, run


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _remove_drafts(drafts: list[tuple[Path, UUID]], in_use: InUse) -> Iterator[str]:
    """Remove the drafts of ended runs; what they said is kept as evidence, and their passwords should not be."""
    for path, run in drafts:
        if run not in in_use.runs:
            shutil.rmtree(path, ignore_errors=True)
            yield f"draft {path.name}"
