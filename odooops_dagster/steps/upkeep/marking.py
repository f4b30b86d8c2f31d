"""The owner's mark on a thing, and the files of a database."""

from __future__ import annotations

import shutil
from pathlib import Path

from odooops_dagster.home import filestore, owner_of_database, template_folder
from odooops_dagster.local.identity import mark_folder
from odooops_dagster.ownership import Mark
from odooops_dagster.steps.upkeep.record import Record
from odooops_dagster.steps.upkeep.things import Thing
from odooops_dagster.tools.postgres.databases import OdooDatabases


def write_mark(thing: Thing, mark: Mark, databases: OdooDatabases, home: Path) -> None:
    """Write the owner's mark on the thing, if things of its kind have one."""
    if thing.kind == "database":
        databases.mark(thing.name, mark)
    elif thing.kind == "role" and thing.bears_mark:
        databases.mark_role(thing.name, mark)
    elif thing.kind == "folder" and thing.bears_mark:
        mark_folder(home / thing.name, mark)


def remove_files_of(home: Path, database: str, record: Record) -> None:
    """Remove the attachments of a dropped database."""
    shutil.rmtree(template_folder(home, database), ignore_errors=True)
    owner = owner_of_database(database)
    environment = record.environment(owner.environment) if owner else None
    if environment is not None:
        shutil.rmtree(filestore(home, environment, database), ignore_errors=True)
