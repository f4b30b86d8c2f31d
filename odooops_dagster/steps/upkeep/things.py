"""List everything that the platform creates on the environments' server and in the state folder, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from odooops_dagster.control.orphans import OrphanKind
from odooops_dagster.home import (
    COMPARISON_PREFIX,
    DATABASE_PREFIX,
    TEMPLATE_PREFIX,
    Owner,
    StateEntry,
    owner_of_database,
    owner_of_role,
    owner_of_service,
    partial_checkouts,
    role_of_database,
    run_of_template,
    template_folder,
)
from odooops_dagster.local.identity import folder_mark
from odooops_dagster.ownership import Mark
from odooops_dagster.steps.recovery.drill_sandbox import left_behind
from odooops_dagster.steps.recovery.rows import is_over_life
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One database, role, service or folder; a folder's name is its path below the state folder."""

    kind: OrphanKind
    name: str
    mark: Mark | None = None
    # From its name: the environment and run that made it, or the run alone.
    owner: Owner | None = None
    run_id: UUID | None = None
    # Whether this state folder has its counterpart: the role's password or the template's files.
    is_at_home: bool = True
    # Services and a run's own drafts have no mark: their names in the state folder identify the owner.
    bears_mark: bool = True


def find_things(runtime: Runtime, databases: OdooDatabases, home: Path) -> list[Thing]:
    """Return all things, grouped by kind."""
    return [*_services(runtime), *_databases(databases, home), *_roles(databases), *_folders(home), *_drafts(home)]


def _services(runtime: Runtime) -> Iterator[Thing]:
    for status in runtime.status():
        owner = owner_of_service(status.name)
        if owner is not None:
            yield Thing(kind="service", name=status.name, owner=owner, bears_mark=False)


def _databases(databases: OdooDatabases, home: Path) -> Iterator[Thing]:
    for name, mark in databases.marks(DATABASE_PREFIX).items():
        owner = owner_of_database(name)
        if owner is not None or mark is not None:
            yield Thing(
                kind="database",
                name=name,
                mark=mark,
                owner=owner,
                run_id=mark.run_id if mark else None,
                is_at_home=databases.holds_password(role_of_database(name)),
            )
    for name, mark in databases.marks(TEMPLATE_PREFIX).items():
        if run_of_template(name) or mark is not None:
            is_at_home = template_folder(home, name).is_dir()
            run_id = mark.run_id if mark else None
            yield Thing(kind="database", name=name, mark=mark, run_id=run_id, is_at_home=is_at_home)
    for name, mark in databases.marks(COMPARISON_PREFIX).items():
        # Each state folder removes its own; those of others are reported once their lifetime is over.
        if is_over_life(name, now=datetime.now(UTC)) and not databases.holds_password(name):
            yield Thing(kind="database", name=name, mark=mark, is_at_home=False)


def _roles(databases: OdooDatabases) -> Iterator[Thing]:
    """Yield the roles of environments and of unfinished clones; of the latter perhaps only the password exists."""
    marks = databases.role_marks(DATABASE_PREFIX)
    for name in databases.roles(DATABASE_PREFIX):
        owner = owner_of_role(name)
        if owner is not None:
            mark = marks.get(name)
            yield Thing(
                kind="role",
                name=name,
                mark=mark,
                owner=owner,
                run_id=mark.run_id if mark and owner.run_number else None,
                is_at_home=databases.holds_password(name),
                bears_mark=name in marks,
            )


def _folders(home: Path) -> Iterator[Thing]:
    for path in _subfolders(home / StateEntry.ENVIRONMENTS):
        if re.fullmatch(r"[0-9a-f]{32}", path.name):
            owner = Owner(environment=path.name, run_number=None)
            yield Thing(
                kind="folder", name=f"{StateEntry.ENVIRONMENTS}/{path.name}", mark=folder_mark(path), owner=owner
            )
    for path in _subfolders(home / StateEntry.TEMPLATES):
        mark = folder_mark(path)
        run_id = mark.run_id if mark else None
        yield Thing(kind="folder", name=f"{StateEntry.TEMPLATES}/{path.name}", mark=mark, run_id=run_id)


def _drafts(home: Path) -> Iterator[Thing]:
    """Yield the private folders of runs: working folders, partial checkouts and the sandboxes of drills."""
    for path in _subfolders(home / StateEntry.RUNS):
        yield from _draft(f"{StateEntry.RUNS}/{path.name}", path.name)
    for path, run_id in partial_checkouts(home):
        yield from _draft(str(path.relative_to(home)), run_id)
    for place in left_behind(home):
        yield from _draft(str(place.folder.relative_to(home)), place.run_id.hex)


def _draft(name: str, run_id: str) -> Iterator[Thing]:
    try:
        yield Thing(kind="folder", name=name, run_id=UUID(run_id), bears_mark=False)
    except ValueError:
        return  # not one of ours


def _subfolders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
