"""Memory and disk that an environment uses, and its limits."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.home import (
    DATABASE_PREFIX,
    environment_folder,
    owner_of_database,
    programs_folder,
    service_config,
    service_name,
    short_id,
)
from odooops_dagster.local import lock
from odooops_dagster.local.environment_limits import limits_of
from odooops_dagster.model import Environment
from odooops_dagster.settings import Settings
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.runtime import shares

_MB = 1024**2
_OPTIONS = "options"
# A file takes whole blocks of this size on the disk: stat(2).
_BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class DiskUse:
    """The disk that an environment uses and its limit, in MiB; 0 is no limit."""

    owner: str
    files_mb: int
    databases_mb: int
    limit_mb: int

    @property
    def is_over(self) -> bool:
        """Return whether it takes more than it may."""
        return 0 < self.limit_mb < self.files_mb + self.databases_mb

    def __str__(self) -> str:
        """Return the sentence for people, with what raises the limit."""
        return (
            f"{self.owner} takes {self.files_mb + self.databases_mb} MB of disk ({self.files_mb} MB of files,"
            f" {self.databases_mb} MB of databases) and may take {self.limit_mb} MB (policies limits.disk_mb"
            " and preview.disk_mb, ODOOOPS_ENVIRONMENT_DISK_MB)"
        )


def disk_use(control: ControlPlane, databases: OdooDatabases, settings: Settings, environment: Environment) -> DiskUse:
    """Measure what the environment's folder and databases take."""
    sizes = databases.sizes(DATABASE_PREFIX)
    owners = {name: owner_of_database(name) for name in sizes}
    own = [name for name, owner in owners.items() if owner is not None and owner.environment == short_id(environment)]
    return DiskUse(
        owner=environment.partition_key,
        files_mb=_size(environment_folder(settings.home, environment)) // _MB,
        databases_mb=sum(sizes[name] for name in own) // _MB,
        limit_mb=limits_of(control, settings, environment).disk_mb,
    )


def memory_use(settings: Settings, environment: Environment) -> int:
    """Return the memory that the environment's programs take together on this machine, in MiB."""
    pid = lock.holder(settings.home)
    base = shares.delegated(str(pid)) if pid else None
    used = None if base is None else shares.kernel_use(f"{base}/{environment.id.hex}")
    if used is None:
        used = shares.watched_use(str(programs_folder(environment_folder(settings.home, environment))))
    return used // _MB


def _size(folder: Path) -> int:
    """Return what the files below the folder take, in bytes; links are not followed, for the environment makes them."""
    total = 0
    if not folder.is_dir():
        return 0
    for _place, _names, files, descriptor in os.fwalk(folder, follow_symlinks=False):
        for name in files:
            try:
                total += os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_blocks * _BLOCK
            except FileNotFoundError:
                continue
    return total


def workers_set(home: Path, environment: Environment) -> int:
    """Return the number of workers with which the environment's Odoo is set to serve; 0 for threads."""
    if environment.database_name is None:
        return 0
    place = service_config(home, environment, service=service_name(environment), database=environment.database_name)
    read = configparser.RawConfigParser()
    read.read(place)
    return read.getint(_OPTIONS, "workers", fallback=0)
