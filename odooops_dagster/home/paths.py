"""Every place in the state folder and in the cache of what can be recreated.

A tool that gets a folder of its own (the object store, a mirror, the supervisor of services) names what is inside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote
from uuid import UUID

from odooops_dagster.model import Environment, Project, Run


class StateEntry(StrEnum):
    """The entries of the state folder."""

    ACCOUNTS = "accounts"
    BUILDS = "builds"
    CONTROL_PLANE = "control-plane.json"
    DAGSTER = "dagster"
    DEMO = "demo"
    DRILLS = "drills"
    ENVIRONMENTS = "environments"
    HANDOFF = "handoff"
    INSTALLATION = "installation"
    LAYOUT = "layout"
    LOCKS = "locks"
    LOGS = "logs"
    ODOO = "odoo"
    PLACES = "places.json"
    POSTGRES = "postgres"
    POSTGRESQL = "postgresql"
    REPOS = "repos"
    RUN = "run"
    RUNS = "runs"
    RUNTIME = "runtime"
    SECRETS = "secrets"
    SOURCES = "sources"
    STORE = "store"
    TEMPLATES = "templates"
    VENVS = "venvs"


@dataclass(frozen=True)
class Content:
    """What a place holds, and whether it may be deleted while nothing runs: a row of the table in ARCHITECTURE.md."""

    holds: str
    may_go: str = "no"


_CACHE = "in `ODOOOPS_CACHE` where that is set"
CONTENTS: Mapping[StateEntry, Content] = MappingProxyType(
    {
        StateEntry.ACCOUNTS: Content("the account that was given last to the programs of an environment"),
        StateEntry.BUILDS: Content("manifests of builds", "no: a preview starts from its manifest"),
        StateEntry.CONTROL_PLANE: Content(
            "the last seen state of the control plane; reveals one restored from a backup"
        ),
        StateEntry.DAGSTER: Content("`DAGSTER_HOME`: the instance's and the workspace's file, compute logs", "yes"),
        StateEntry.DEMO: Content("the repository of `ops demo`", "no: its project is fetched from there"),
        StateEntry.DRILLS: Content("sandboxes of drills at work", "no: what a killed drill left is found by them"),
        StateEntry.ENVIRONMENTS: Content("per environment: configuration, filestores, logs"),
        StateEntry.HANDOFF: Content("values between assets, from earlier versions", "yes: nothing reads them"),
        StateEntry.INSTALLATION: Content(
            "the id of the installation, part of the mark of its databases, roles and folders"
        ),
        StateEntry.LAYOUT: Content("the version of this layout; a platform with another one refuses the folder"),
        StateEntry.LOCKS: Content("a lock per project whose clone template is being made", "yes"),
        StateEntry.LOGS: Content("logs of the platform's programs", "yes"),
        StateEntry.ODOO: Content(f"installed series of Odoo; {_CACHE}", "no: previews run on them"),
        StateEntry.PLACES: Content("the last paths of the folder and its cache; reveals a folder that was moved"),
        StateEntry.POSTGRES: Content("the embedded server's cluster and port"),
        StateEntry.POSTGRESQL: Content("PostgreSQL's programs, where its account cannot run the installed ones", "yes"),
        StateEntry.REPOS: Content("bare mirrors of repositories", "yes"),
        StateEntry.RUN: Content("sockets, locks and configuration of the platform's programs", "yes"),
        StateEntry.RUNS: Content("working files and logs of runs; what matters of them is in the store", "yes"),
        StateEntry.RUNTIME: Content("which services shall run, and their supervisor"),
        StateEntry.SECRETS: Content(
            "generated passwords, the webhooks' secrets, deploy keys, the key that signs bundles, the access to adopted"
            " productions"
        ),
        StateEntry.SOURCES: Content("checked-out commits", "no: a preview's addons lie there"),
        StateEntry.STORE: Content("artifacts and backups, where no bucket is named"),
        StateEntry.TEMPLATES: Content("filestores of template databases"),
        StateEntry.VENVS: Content(f"Python environments of projects; {_CACHE}", "no: previews run on them"),
    }
)


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
    return home / StateEntry.LOCKS / f"golden-{project.id.hex}"


# -- what can be recreated: below settings.cache_home


def installations_folder(cache: Path) -> Path:
    """Return the folder of the installed series of Odoo."""
    return cache / StateEntry.ODOO


def python_environments(cache: Path) -> Path:
    """Return the folder of the Python environments of projects."""
    return cache / StateEntry.VENVS


# -- the platform's own programs


def dagster_home(home: Path) -> Path:
    """Return the programs' DAGSTER_HOME."""
    return home / StateEntry.DAGSTER


def instance_file(home: Path) -> Path:
    """Return the settings of Dagster's instance."""
    return dagster_home(home) / "dagster.yaml"


def workspace_file(home: Path) -> Path:
    """Return the file that connects the webserver and the daemon to the code server."""
    return dagster_home(home) / "workspace.yaml"


def logs_folder(home: Path) -> Path:
    """Return the folder of the logs of the platform's programs."""
    return home / StateEntry.LOGS


def program_log(home: Path, program: str) -> Path:
    """Return the log of one of the platform's programs."""
    return logs_folder(home) / f"{program}.log"


def supervisor_errors(home: Path) -> Path:
    """Return the file in which the platform's supervisor says why it did not start."""
    return logs_folder(home) / "supervisord.err"


def supervisor_configuration(home: Path) -> Path:
    """Return the configuration of the platform's supervisor; launchers recognize their parent by it."""
    return home / StateEntry.RUN / "supervisord.conf"


def supervisor_pid_file(home: Path) -> Path:
    """Return the file with the process id of the platform's supervisor."""
    return home / StateEntry.RUN / "supervisord.pid"


def program_definition(home: Path, program: str) -> Path:
    """Return the program's definition for the launcher."""
    return home / StateEntry.RUN / f"{program}.json"


def former_ports_file(home: Path) -> Path:
    """Return the file with the ports at which environments answered before they had host names, and their labels."""
    return home / StateEntry.RUN / "former-ports.json"


def stack_lock(home: Path) -> Path:
    """Return the file that the running stack locks, and which contains its process id."""
    return home / StateEntry.RUN / "stack.lock"


def stopping_mark(home: Path) -> Path:
    """Return the file that is there while the stack stops."""
    return home / StateEntry.RUN / "stopping"


def services_folder(home: Path) -> Path:
    """Return the folder of the environments' services."""
    return home / StateEntry.RUNTIME


# -- the embedded PostgreSQL


def cluster_folder(home: Path) -> Path:
    """Return the data directory of the embedded PostgreSQL."""
    return home / StateEntry.POSTGRES / "data"


def cluster_port_file(home: Path) -> Path:
    """Return the file with the port of the embedded PostgreSQL."""
    return home / StateEntry.POSTGRES / "port"


def cluster_lock(home: Path) -> Path:
    """Return the lock of the one process that prepares the cluster."""
    return home / StateEntry.RUN / "postgres.lock"


def cluster_sockets(home: Path) -> Path:
    """Return the folder of the embedded PostgreSQL's own socket."""
    return home / StateEntry.RUN / "postgres"


def server_programs(home: Path, version: str) -> Path:
    """Return the copy of PostgreSQL's programs of this version."""
    return home / StateEntry.POSTGRESQL / version


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


# -- secrets


def secrets_folder(home: Path) -> Path:
    """Return the folder that only the platform's account may enter."""
    return home / StateEntry.SECRETS


def secret_file(home: Path, name: str) -> Path:
    """Return the file of a secret that the platform generated."""
    return secrets_folder(home) / name


def deploy_key(home: Path, slug: str) -> Path | None:
    """Return the file of the project's own ssh key; None if it has none, and uses those of the platform's account."""
    path = deploy_key_file(home, slug)
    return path if path.exists() else None


def deploy_key_file(home: Path, slug: str) -> Path:
    """Return the place of the project's own ssh key."""
    return secrets_folder(home) / "deploy-keys" / slug


def signing_key_file(home: Path) -> Path:
    """Return the file with the key by which the platform signs the bundles of releases."""
    return secret_file(home, "signing-key.pem")


def role_passwords(secrets: Path) -> Path:
    """Return the folder of the passwords of database roles, one file per role."""
    return secrets / "databases"


def adoption_file(secrets: Path, environment_id: UUID) -> Path:
    """Return the file with the access to an adopted production."""
    return secrets / "adopted" / f"{environment_id}.json"


def webhook_secret_file(home: Path, project_id: UUID) -> Path:
    """Return the file with the secret of a project's own webhook."""
    return secrets_folder(home) / "webhooks" / project_id.hex
