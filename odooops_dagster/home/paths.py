"""The places of environments, builds, runs and templates, and of all that the platform keeps.

Those of its own programs, of its clusters and of secrets are in files of their own. A tool that gets a folder of its
own (the object store, a mirror, the supervisor of services) names what is inside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from odooops_dagster.home.contents import StateEntry
from odooops_dagster.model import Environment, Project, Run

# -- environments


def environment_folder(home: Path, environment: Environment) -> Path:
    """Return the folder of the environment's configuration, files and logs."""
    return home / StateEntry.ENVIRONMENTS / environment.id.hex


def service_config(home: Path, environment: Environment, *, service: str, database: str) -> Path:
    """Return the configuration file of one of the environment's services on one of its databases."""
    return environment_folder(home, environment) / f"{service}.{database}.conf"


def service_logs(home: Path, environment: Environment) -> Path:
    """Return the folder of the logs of the environment's services."""
    return environment_folder(home, environment) / "logs"


def service_log(home: Path, environment: Environment, service: str) -> Path:
    """Return the log of one of the environment's services."""
    return service_logs(home, environment) / f"{service}.log"


def outlet(home: Path, environment_id: UUID) -> Path:
    """Return the folder of the sockets at which the catcher hears the environment's programs."""
    return outlets_folder(home) / environment_id.hex


def outlets_folder(home: Path) -> Path:
    """Return the folder of the environments' outlets; a program in a sandbox does not start without its own.

    The platform alone writes in it.
    """
    return home / StateEntry.RUNTIME / "outlets"


def exit_folder(home: Path, environment_id: UUID) -> Path:
    """Return the folder of the socket at which the proxy lets the environment's programs out."""
    return exits_folder(home) / environment_id.hex


def exits_lock(home: Path) -> Path:
    """Return the lock of who reads what environments may reach and tells the proxy."""
    return home / StateEntry.LOCKS / "exits"


def exits_folder(home: Path) -> Path:
    """Return the folder of the environments' ways out; the platform alone writes in it."""
    return home / StateEntry.RUNTIME / "exits"


def programs_folder(around: Path) -> Path:
    """Return the folder in which the launchers of an environment's or a drill's programs find each other."""
    return around / "programs"


def data_folder(home: Path, environment: Environment) -> Path:
    """Return Odoo's data_dir of the environment."""
    return environment_folder(home, environment) / "data"


def filestore(home: Path, environment: Environment, database: str) -> Path:
    """Return the filestore of one of the environment's databases."""
    return data_folder(home, environment) / "filestore" / database


def load_proof(home: Path, environment: Environment) -> Path:
    """Return the file that records which backup was last proved to load."""
    return environment_folder(home, environment) / "loadable.json"


def handoff_folder(home: Path, partition_key: str) -> Path:
    """Return the folder in which earlier versions stored the values of an environment's assets."""
    return home / StateEntry.HANDOFF / quote(partition_key, safe="")


def owner_file(folder: Path) -> Path:
    """Return the file with the mark of the folder's owner."""
    return folder / ".odooops-owner"


# -- builds, runs and templates


def build_manifest(home: Path, digest: str) -> Path:
    """Return the manifest of the build with that digest."""
    return home / StateEntry.BUILDS / f"{digest.removeprefix('sha256:')}.json"


def run_folder(home: Path, run_id: UUID) -> Path:
    """Return the run's working folder."""
    return home / StateEntry.RUNS / str(run_id)


def checkout_folder(home: Path, project: Project, sha: str) -> Path:
    """Return the folder of a checked-out commit."""
    return home / StateEntry.SOURCES / project.id.hex[:8] / sha


def partial_checkout(checkout: Path, run: Run) -> Path:
    """Return the folder in which this attempt checks the commit out before it is complete."""
    return checkout.with_name(f".{checkout.name}.{run.id.hex}.{run.attempt}")


def partial_checkouts(home: Path) -> Iterator[tuple[Path, str]]:
    """Yield each incomplete checkout, and the digits of its run's id."""
    for path in (home / StateEntry.SOURCES).glob("*/.*.*.*"):
        yield path, path.name.split(".")[2]


def template_folder(home: Path, template: str) -> Path:
    """Return the folder of a template database's files."""
    return home / StateEntry.TEMPLATES / template


def template_filestore(home: Path, template: str) -> Path:
    """Return the folder with the attachments of a template database."""
    return template_folder(home, template) / "filestore"


def sandbox_folder(home: Path, name: str) -> Path:
    """Return the folder of a drill's sandbox."""
    return home / StateEntry.DRILLS / name


def clone_template_lock(home: Path, project: Project) -> Path:
    """Return the lock of the one run that makes a clone template of the project."""
    return home / StateEntry.LOCKS / f"clone-template-{project.id.hex}"


# -- what can be recreated: below settings.cache_home


def installations_folder(cache: Path) -> Path:
    """Return the folder of the installed series of Odoo."""
    return cache / StateEntry.ODOO


def debian_trees(cache: Path) -> Path:
    """Return the folder of the unpacked Debian packages that become layers of images."""
    return cache / StateEntry.APT


def python_environments(cache: Path) -> Path:
    """Return the folder of the Python environments of projects."""
    return cache / StateEntry.VENVS


def upgrade_packages(cache: Path) -> Path:
    """Return the folder of the packages that are read for upgrade advisories, and are none of ours."""
    return cache / StateEntry.UPGRADES


# -- what the platform keeps, and what it knows of itself


def store_folder(home: Path) -> Path:
    """Return the folder of the object store, where no other one is set."""
    return home / StateEntry.STORE


def mirrors_folder(home: Path) -> Path:
    """Return the folder of the mirrors of repositories."""
    return home / StateEntry.REPOS


def demo_folder(home: Path) -> Path:
    """Return the folder of the demonstration's repository."""
    return home / StateEntry.DEMO


def installation_file(home: Path) -> Path:
    """Return the file with the id of the state folder."""
    return home / StateEntry.INSTALLATION


def control_plane_file(home: Path) -> Path:
    """Return the file with the last seen state of the control plane."""
    return home / StateEntry.CONTROL_PLANE


def accounts_file(home: Path) -> Path:
    """Return the file with the account that was given last to the programs of an environment."""
    return home / StateEntry.ACCOUNTS / "last"


# -- backups of the platform itself


def restoring_folder(home: Path) -> Path:
    """Return the folder in which `ops platform restore` builds a control plane, arranged as a state folder."""
    return home / StateEntry.RESTORING


def restoring_ready(home: Path) -> Path:
    """Return the file that is there when all of it is whole, so that it may take the place of what is there."""
    return restoring_folder(home) / "ready"


def replaced_folder(home: Path) -> Path:
    """Return the folder of what a restored control plane took the place of."""
    return home / StateEntry.REPLACED


def backup_lock(home: Path) -> Path:
    """Return the lock of the one process that backs the platform up."""
    return home / StateEntry.LOCKS / "platform-backup"
