"""What `ops backup` and `ops drill` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from odooops_dagster.model import Backup, Drill, Restore
from odooops_dagster.model.readings import RunCheck


@dataclass(frozen=True, kw_only=True)
class NamedBackup(Backup):
    """A backup; `env` is the environment's partition key."""

    env: str


@dataclass(frozen=True, kw_only=True)
class BackupPage(NamedBackup):
    """A backup with the run that made it, as project#number, and the checks of that run."""

    run: str | None
    checks: Sequence[RunCheck]


@dataclass(frozen=True, kw_only=True)
class JudgedBackup(NamedBackup):
    """A backup with what the retention policy would make of it, and why."""

    taken: datetime | None
    verdict: Literal["keep", "drop"]
    reasons: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What a turn of the retention policy did in a project; `manifests` are keys in the store."""

    dropped: Sequence[Backup]
    refused: Sequence[str]
    manifests: Sequence[str]
    collected: int
    freed_bytes: int


@dataclass(frozen=True, kw_only=True)
class KeptLog:
    """A log in a backup; `size` is in bytes."""

    name: str
    size: int


@dataclass(frozen=True, kw_only=True)
class WrittenZip:
    """A zip for Odoo's database manager; `files` is how many its filestore has."""

    file: str
    size_bytes: int
    files: int


@dataclass(frozen=True, kw_only=True)
class InspectedZip:
    """What a zip holds, what speaks against it, and the backup and the run that were asked for."""

    file: str
    packed_bytes: int
    dump_bytes: int
    unpacked_bytes: int
    file_count: int
    file_bytes: int
    row_count: int
    taken_at: datetime
    database_name: str
    odoo_version: str
    postgres_version: str
    modules: Mapping[str, str]  # version of each installed module
    missing: Sequence[str]
    altered: Sequence[str]
    elsewhere: Mapping[str, int]  # number of attachments per object store
    ignored: Sequence[str]
    commands: Sequence[str]
    objections: Sequence[str]
    backup: str = ""  # not with --dry-run
    run: str = ""  # not with --dry-run


@dataclass(frozen=True, kw_only=True)
class VerifiedBackup:
    """What a reading of a backup found; the counts are null where its manifest could not be read."""

    backup: str
    is_good: bool
    fault: str | None
    objects: int | None
    files: int | None
    read_bytes: int | None
    missing_in_production: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class RecordDifferences:
    """The review of records that differ, its readable page, and how many records of each kind there are."""

    review: str
    page: str
    insert: int
    update: int
    only_in_live: int
    dangling: int


@dataclass(frozen=True, kw_only=True)
class WrittenRecords:
    """The run that wrote records, and how many; a run that failed wrote none and says no numbers."""

    run: str
    inserted: int = 0
    updated: int = 0
    files: int = 0


@dataclass(frozen=True, kw_only=True)
class NamedRestore(Restore):
    """A restore; `env` is the partition key of the environment that gets the data."""

    env: str


@dataclass(frozen=True, kw_only=True)
class ListedDrill(Drill):
    """A drill with the environment whose backup it tried; `fault` says why it failed, if that is known."""

    env: str
    outcome: Literal["at work", "passed", "failed"]
    fault: str | None
