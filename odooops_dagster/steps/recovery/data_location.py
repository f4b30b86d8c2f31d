"""Locate an environment's data: the database that serves its URL, and the filestore of that database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.errors import StepFailed
from odooops_dagster.home import filestore, role_name, secrets_folder
from odooops_dagster.model import DatabaseAccess, Environment
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres import adoption
from odooops_dagster.tools.postgres.databases import OdooDatabases


@dataclass(frozen=True, kw_only=True)
class DataLocation:
    """The database and the filestore to back up; those of an adopted environment are only read."""

    access: DatabaseAccess
    filestore: Path
    is_adopted: bool
    log: Path | None = None  # of an adopted Odoo, if it is known


def locate_data(databases: OdooDatabases, settings: Settings, environment: Environment) -> DataLocation:
    """Return the location of the environment's data.

    Raises:
        StepFailed: the environment was never deployed, or is adopted and this machine does not know its location.
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
    elsewhere = adoption.recall(secrets_folder(settings.home), environment.id)
    if elsewhere is None:
        hint = f"say it again: ops env adopt {environment.project_slug} {environment.branch}"
        raise StepFailed(f"{environment.partition_key} is adopted, and nobody here knows where it is", hint=hint)
    return DataLocation(access=elsewhere.access, filestore=elsewhere.filestore, is_adopted=True, log=elsewhere.log)
