"""Compare single records of a backup with an environment's live database, for a review.

The backup is restored into a comparison database, which has its own role and to which no Odoo connects. Its name begins
with the hour of its creation, so that one whose maker was killed is found and dropped.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.local.pg_programs import pg_programs
from odooops_dagster.model import Backup, DatabaseAccess, Environment
from odooops_dagster.settings import Settings
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.steps.recovery.data_location import locate_data
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.parallel import Progress
from odooops_dagster.tools.backup.repositories import manifest_of, repository_of
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.restore import files_of, restore_database, restore_filestore
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.row_restore.apply import BringBack
from odooops_dagster.tools.row_restore.diff import Chosen, diff
from odooops_dagster.tools.row_restore.review import Review
from odooops_dagster.tools.runtime.sandbox.accounts import give_like
from odooops_dagster.tools.store import ObjectStore

COMPARISON_PREFIX = "opsrec_"

_MADE = "%Y%m%d%H"
_NAME = re.compile(rf"{COMPARISON_PREFIX}(?P<made>\d{{10}})_[0-9a-f]{{16}}")
# No comparison takes longer.
_LIFE = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports and settings that a diff needs."""

    control: ControlPlane
    databases: OdooDatabases
    store: ObjectStore
    settings: Settings


def diff_records(
    ports: Ports,
    environment: Environment,
    backup: Backup,
    chosen: Sequence[Chosen],
    *,
    now: datetime,
    progress: Progress,
) -> Review:
    """Restore the backup beside the environment's database and compare the chosen rows.

    Raises:
        Conflict: the backup is not verified, or is not of this environment.
        NotFound: there is no such table.
    """
    refuse_other(environment, backup)
    repository = repository_of(ports.store, ports.settings, environment.project_slug)
    manifest = manifest_of(repository, backup)
    live = locate_data(ports.databases, ports.settings, environment)
    with comparison_database(ports.control, ports.databases, now=now) as access:
        programs = pg_programs(ports.settings)
        restore_database(repository, manifest, access, programs=programs, progress=progress)
        return diff(
            access,
            live.access,
            chosen,
            backup_id=str(backup.id),
            taken_at=manifest.taken_at,
            environment=environment.partition_key,
            now=now,
        )


@contextmanager
def comparison_database(control: ControlPlane, databases: OdooDatabases, *, now: datetime) -> Iterator[DatabaseAccess]:
    """Yield an empty database with its own role, and drop both whatever happens."""
    name = f"{COMPARISON_PREFIX}{now.astimezone(UTC):{_MADE}}_{token_hex(8)}"
    try:
        databases.ensure_role(name)
        databases.create(name, owner=name)
        yield databases.access(name, role=name)
    finally:
        retire_database(control, databases, name)
        databases.drop_role(name)


@contextmanager
def brought(repository: Repository, manifest: Manifest, filestore: Path) -> Iterator[BringBack]:
    """Yield a function that restores files; if the block fails, the restored files are removed again."""
    files = _Files(repository, manifest, filestore)
    try:
        yield files
    except BaseException:
        for path in files.new:
            path.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(files.draft, ignore_errors=True)


def remove_comparison_databases(control: ControlPlane, databases: OdooDatabases, *, now: datetime) -> Iterator[str]:
    """Drop the comparison databases of this state folder whose makers were killed, and yield a line for each."""
    for name in {*databases.list(COMPARISON_PREFIX), *databases.roles(COMPARISON_PREFIX)}:
        if not is_over_life(name, now=now) or not databases.holds_password(name):
            continue
        with suppress(Conflict):  # its mark names another control plane
            retire_database(control, databases, name)
            databases.drop_role(name)
            yield f"comparison database {name}"


def is_over_life(name: str, *, now: datetime) -> bool:
    """Return whether the comparison database is older, by its name, than a comparison can take."""
    made = _NAME.fullmatch(name)
    return made is not None and now - datetime.strptime(made["made"], _MADE).replace(tzinfo=UTC) > _LIFE


def refuse_other(environment: Environment, backup: Backup) -> None:
    """Refuse an unverified backup and one of another environment: data never cross between environments."""
    if backup.status != "verified":
        raise Conflict(f"backup {backup.id} is {backup.status}, not verified", hint="ops backup list")
    if backup.environment_id != environment.id:
        message = f"backup {backup.id} is not of {environment.partition_key}"
        raise Conflict(message, hint="take one that is: ops backup list; or clone production")


class _Files:
    """Restores files of a backup into a filestore; existing files do not change."""

    def __init__(self, repository: Repository, manifest: Manifest, filestore: Path) -> None:
        self.new: list[Path] = []
        self.draft = filestore.with_name(f".{filestore.name}.{token_hex(4)}.records")
        self._repository = repository
        self._manifest = manifest
        self._filestore = filestore

    def __call__(self, names: Sequence[str]) -> None:
        """Restore the named files that are missing.

        Raises:
            Conflict: the backup does not have one of them.
        """
        absent = {name for name in names if not inside(self._filestore, name).exists()}
        if not absent:
            return
        files = [file for file in files_of(self._repository, self._manifest) if file.name in absent]
        if lost := absent - {file.name for file in files}:
            hint = "take their rows out of the review: production had lost the files before the backup was taken"
            raise Conflict(f"the backup does not have {', '.join(sorted(lost)[:5])}", hint=hint)
        restore_filestore(self._repository, self._manifest, self.draft, files=files)
        for file in files:
            target = inside(self._filestore, file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            give_like(target.parent, self._filestore)
            inside(self.draft, file.name).rename(target)
            give_like(target, self._filestore)
            self.new.append(target)
