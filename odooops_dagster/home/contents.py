"""The entries of the state folder, what each holds, and whether it may be deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class StateEntry(StrEnum):
    """The entries of the state folder."""

    ACCOUNTS = "accounts"
    APT = "apt"
    BUILDS = "builds"
    CONTROL = "control"
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
    REPLACED = "replaced"
    REPOS = "repos"
    RESTORING = "restoring"
    RUN = "run"
    RUNS = "runs"
    RUNTIME = "runtime"
    SECRETS = "secrets"
    SOURCES = "sources"
    STORE = "store"
    TEMPLATES = "templates"
    UPGRADES = "upgrades"
    VENVS = "venvs"


@dataclass(frozen=True)
class Content:
    """The content of a place, and whether it may be deleted while nothing runs: a row of ARCHITECTURE's table."""

    holds: str
    may_go: str = "no"


_CACHE = "in `ODOOOPS_CACHE` where that is set"
CONTENTS: Mapping[StateEntry, Content] = MappingProxyType(
    {
        StateEntry.ACCOUNTS: Content("the account that was given last to the programs of an environment"),
        StateEntry.APT: Content(
            f"unpacked Debian packages of images, one folder for each base and list of names; {_CACHE}", "yes"
        ),
        StateEntry.BUILDS: Content("manifests of builds", "no: a preview starts from its manifest"),
        StateEntry.CONTROL: Content("the control plane's and Dagster's embedded cluster, and its port"),
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
        StateEntry.POSTGRES: Content("the environments' embedded cluster, and its port"),
        StateEntry.POSTGRESQL: Content("PostgreSQL's programs, where its account cannot run the installed ones", "yes"),
        StateEntry.REPLACED: Content(
            "what each `ops platform restore --replace` put aside, by number",
            "yes, but it may be the last copy of a record",
        ),
        StateEntry.REPOS: Content("bare mirrors of repositories", "yes"),
        StateEntry.RESTORING: Content(
            "a control plane that `ops platform restore` builds, until it is whole", "yes, unless it has a file `ready`"
        ),
        StateEntry.RUN: Content("sockets, locks and configuration of the platform's programs", "yes"),
        StateEntry.RUNS: Content("working files and logs of runs; what matters of them is in the store", "yes"),
        StateEntry.RUNTIME: Content("which services shall run, as processes and as containers, and their supervisor"),
        StateEntry.SECRETS: Content(
            "generated passwords, previews' visitors' among them, the webhooks' secrets, deploy keys, the forges'"
            " tokens, the addresses that are"
            " notified, the key that signs bundles, the access to adopted productions, the first passwords of"
            " productions' administrators as hashes"
        ),
        StateEntry.SOURCES: Content("checked-out commits", "no: a preview's addons lie there"),
        StateEntry.STORE: Content("artifacts and backups, where no bucket is named"),
        StateEntry.TEMPLATES: Content("filestores of template databases"),
        StateEntry.UPGRADES: Content(f"OpenUpgrade's scripts, which are read for advisories; {_CACHE}", "yes"),
        StateEntry.VENVS: Content(f"Python environments of projects; {_CACHE}", "no: previews run on them"),
    }
)
