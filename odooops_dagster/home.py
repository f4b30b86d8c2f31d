"""Names of an environment's databases, role, services and folder.

A name contains the environment and the run, so that the leftovers of a killed run can be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from odooops_dagster.model import Environment, Run

DATABASE_PREFIX = "ops_"
TEMPLATE_PREFIX = "opstpl_"
# Templates with sanitized data of production.
GOLDEN_PREFIX = f"{TEMPLATE_PREFIX}gold_"
# Databases in which production's data are sanitized, and their roles.
CLONE_STAGING_PREFIX = f"{DATABASE_PREFIX}clone_"

# PostgreSQL truncates identifiers at 63 bytes; the part after the readable one takes at most 23.
_READABLE_CHARACTERS = 36
_DATABASE = re.compile(r"^ops_.+_(?P<environment>[0-9a-f]{8})_r(?P<run_number>\d+)(_\d+)?$")
_SERVICE = re.compile(r"^env-(?P<environment>[0-9a-f]{8})(-r(?P<run_number>\d+))?$")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner of an object: the environment's short id, and the run's number if the object belongs to one run."""

    environment: str
    run_number: int | None


def short_id(environment: Environment) -> str:
    """Return the first eight hexadecimal digits of the environment's id, for use in names."""
    return environment.id.hex[:8]


def database_name(environment: Environment, run: Run) -> str:
    """Return the name of the database that this attempt creates for the environment.

    A second attempt has another name, because the database of the first may still exist or even be deployed.
    """
    readable = re.sub(r"[^a-z0-9]+", "_", f"{environment.project_slug}_{environment.name}".lower()).strip("_")
    return f"{DATABASE_PREFIX}{readable[:_READABLE_CHARACTERS]}_{_attempt_of(environment, run)}"


def scratch_name(environment: Environment, run: Run) -> str:
    """Return the name of the database, and of its role, in which this attempt sanitizes production's data."""
    return f"{CLONE_STAGING_PREFIX}{_attempt_of(environment, run)}"


def role_name(environment: Environment) -> str:
    """Return the database role of the environment."""
    return f"{DATABASE_PREFIX}{short_id(environment)}"


def service_name(environment: Environment) -> str:
    """Return the name of the service at the environment's URL."""
    return f"env-{short_id(environment)}"


def candidate_name(environment: Environment, run: Run) -> str:
    """Return the name of the candidate service, which proves a new build before the swap."""
    return f"{service_name(environment)}-r{run.run_number}"


def environment_folder(home: Path, environment: Environment) -> Path:
    """Return the folder of the environment's configuration, files and logs."""
    return home / "environments" / environment.id.hex


def data_folder(home: Path, environment: Environment) -> Path:
    """Return Odoo's data_dir of the environment."""
    return environment_folder(home, environment) / "data"


def filestore(home: Path, environment: Environment, database: str) -> Path:
    """Return the filestore of one of the environment's databases."""
    return data_folder(home, environment) / "filestore" / database


def handoff_folder(home: Path, partition_key: str) -> Path:
    """Return the folder in which earlier versions stored the values of an environment's assets."""
    return home / "handoff" / quote(partition_key, safe="")


def owner_of_database(name: str) -> Owner | None:
    """Return the owner of the database, None if its name is not one of ours."""
    return _owner(_DATABASE.match(name))


def owner_of_service(name: str) -> Owner | None:
    """Return the owner of the service, None if its name is not one of ours."""
    return _owner(_SERVICE.match(name))


def _attempt_of(environment: Environment, run: Run) -> str:
    again = f"_{run.attempt}" if run.attempt > 1 else ""
    return f"{short_id(environment)}_r{run.run_number}{again}"


def _owner(match: re.Match[str] | None) -> Owner | None:
    if match is None:
        return None
    number = match["run_number"]
    return Owner(environment=match["environment"], run_number=int(number) if number else None)
