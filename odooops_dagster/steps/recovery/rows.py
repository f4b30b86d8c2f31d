"""What comparing and restoring single records need: a database for the backup, its files, and the right environment.

A backup is restored into a comparison database, which has its own role and to which no Odoo connects. Its name begins
with the hour of its creation, so that one whose maker was killed is found and dropped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex

from odooops_dagster.control import ControlPlane
from odooops_dagster.errors import Conflict
from odooops_dagster.home import COMPARISON_PREFIX, comparison_made_at, comparison_name
from odooops_dagster.model import Backup, DatabaseAccess, Environment
from odooops_dagster.steps.environment.retire import retire_database
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.backup.restore import files_of, restore_filestore
from odooops_dagster.tools.postgres.databases import OdooDatabases
from odooops_dagster.tools.row_restore.apply import BringBack
from odooops_dagster.tools.runtime.sandbox.accounts import give_like

# No comparison takes longer.
_LIFE = timedelta(hours=24)


@contextmanager
def comparison_database(control: ControlPlane, databases: OdooDatabases, *, now: datetime) -> Iterator[DatabaseAccess]:
    """Yield an empty database with its own role, and drop both whatever happens."""
    name = comparison_name(now)
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
    made_at = comparison_made_at(name)
    return made_at is not None and now - made_at > _LIFE


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
