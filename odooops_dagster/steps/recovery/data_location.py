"""Where an environment's data are: the database that answers at its URL, and the files that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import filestore, role_name
from odooops_dagster.model import DatabaseAccess, Environment
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres import adoption
from odooops_dagster.tools.postgres.databases import OdooDatabases


@dataclass(frozen=True, kw_only=True)
class DataLocation:
    """What is backed up: a database and its filestore; what is adopted is only ever read."""

    access: DatabaseAccess
    filestore: Path
    is_adopted: bool
    log: Path | None = None  # of an adopted Odoo, where it is known


def locate_data(databases: OdooDatabases, settings: Settings, environment: Environment) -> DataLocation:
    """Return where the environment's data are.

    Raises:
        StepFailed: the environment was never deployed, or is adopted and this machine does not know where it is.
    """
    if environment.is_adopted:
        return _adopted(settings, environment)
    database = environment.database_name
    if database is None:
        hint = f"deploy it: ops env create {environment.project_slug} {environment.branch}"
        raise StepFailed(f"{environment.partition_key} was never deployed: it has no data", hint=hint)
    return DataLocation(
        access=databases.access(database, role=role_name(environment)),
        filestore=filestore(settings.home, environment, database),
        is_adopted=False,
    )


def _adopted(settings: Settings, environment: Environment) -> DataLocation:
    elsewhere = adoption.recall(settings.home / "secrets", environment.id)
    if elsewhere is None:
        hint = f"say it again: ops env adopt {environment.project_slug} {environment.branch}"
        raise StepFailed(f"{environment.partition_key} is adopted, and nobody here knows where it is", hint=hint)
    return DataLocation(access=elsewhere.access, filestore=elsewhere.filestore, is_adopted=True, log=elsewhere.log)
