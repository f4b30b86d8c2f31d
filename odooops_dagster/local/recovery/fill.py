"""Makes a control plane of a backup in a folder of its own, and proves that it holds what was written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from psycopg import sql

from odooops_dagster.errors import Conflict
from odooops_dagster.home import (
    MAINTENANCE_DATABASE,
    SUPERUSER,
    SUPERUSER_SECRET,
    installation_file,
    sealing_key_file,
    secret_file,
    signing_key_file,
)
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.recovery.backup import FILES, ROLES
from odooops_dagster.local.recovery.kept import Parts
from odooops_dagster.local.recovery.sources import Url, access_to
from odooops_dagster.local.role_copies import RoleCopy, make_roles
from odooops_dagster.local.secrets import read_secret
from odooops_dagster.local.state_folder import LAYOUT
from odooops_dagster.local.superuser import as_superuser
from odooops_dagster.tools.backup import dump
from odooops_dagster.tools.backup.filestore import inside
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.parallel import Progress
from odooops_dagster.tools.backup.repository import Damaged
from odooops_dagster.tools.backup.restore import dump_blocks, restore_filestore
from odooops_dagster.tools.postgres.checksums import Checksums, behind, checksums, differing, positions
from odooops_dagster.tools.postgres.connections import Connection, administrator


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A control plane that was made of a backup: its superuser's URLs, and how much is in it."""

    url: Url
    tables: int
    rows: int
    files: int
    withheld: tuple[str, ...]  # files of the backup that a person removed since


@contextmanager
def filled(
    folder: Path,
    parts: Parts,
    *,
    durable: bool,
    progress: Progress,
    limit: Callable[[RoleCopy], RoleCopy] = lambda role: role,
    knows_removed_files: bool = False,
) -> Iterator[Filled]:
    """Make the backup's secrets and cluster in a folder arranged as a state folder; it runs for the block.

    The folder is empty but for secrets: those that changed after the backup stay. `limit` takes from a role what was
    taken from it since. With `knows_removed_files` a secret that is not in the folder was removed since, and is not
    written, unless the platform cannot do without it.

    Raises:
        Conflict: a later version of the platform made the backup.
        Damaged: the store or the databases differ from what was written.
    """
    record = parts.record
    if record.facts["layout"] > LAYOUT:
        made_by = record.facts["version"]
        raise Conflict(f"backup {record.id} was made by odooops {made_by}", hint=f"install odooops {made_by}")
    roles, withheld = _put_files(folder, parts, knows_removed=knows_removed_files)
    server = EmbeddedPostgres(folder, CONTROL, durable=durable)
    server.prepare()
    with as_superuser(server) as url:
        with administrator(url(MAINTENANCE_DATABASE)) as connection:
            make_roles(connection, [limit(_role(each)) for each in roles])
            _set_password(connection, server)
        rows = tables = 0
        for repository, manifest in ((parts.place.record, record), (parts.place.dagster, parts.dagster)):
            _pour(dump_blocks(repository, manifest, progress=progress), url, server)
            found = _compare(url(manifest.database_name), manifest)
            tables, rows = tables + len(found), rows + sum(count for count, _ in found.values())
        with administrator(url(MAINTENANCE_DATABASE)) as connection:
            server.cluster.provision(connection, server.password)
        files = record.file_count - 1 - len(withheld)
        yield Filled(url=url, tables=tables, rows=rows, files=files, withheld=withheld)


def _put_files(folder: Path, parts: Parts, *, knows_removed: bool) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Write the state folder's files to their places, and return the roles, and the files that were not written."""
    withheld = []
    staged = folder / "staged"
    staged.mkdir(mode=0o700)  # the roles' file has hashes of passwords
    try:
        restore_filestore(parts.place.record, parts.record, staged)
        for path in sorted((staged / FILES).iterdir()):
            target = inside(folder, unquote(path.name))
            changed_at = parts.record.facts.get("changed_at", {}).get(path.name, parts.record.taken_at.timestamp())
            if _stays(target, folder, changed_at=changed_at):
                continue
            if knows_removed and not target.exists() and target not in _needed(folder):
                withheld.append(target.relative_to(folder).as_posix())
                continue
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o600)
            path.rename(target)
            os.utime(target, (changed_at, changed_at))
        roles: list[dict[str, Any]] = json.loads((staged / ROLES).read_bytes())
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return roles, tuple(withheld)


def _needed(folder: Path) -> Sequence[Path]:
    """Return the files without which the restored record is of no use: whose it is, and what opens and signs it."""
    superuser = secret_file(folder, SUPERUSER_SECRET)
    return (installation_file(folder), superuser, sealing_key_file(folder), signing_key_file(folder))


def _stays(target: Path, folder: Path, *, changed_at: float) -> bool:
    """Return whether the file that is there was written later; the restored record's values open with its own key."""
    if target == sealing_key_file(folder):
        return False
    return target.exists() and target.stat().st_mtime > changed_at


def _role(told: dict[str, Any]) -> RoleCopy:
    pairs = {name: tuple(map(tuple, told[name])) for name in ("settings", "memberships")}
    return RoleCopy(**told | pairs)


def _set_password(connection: Connection, server: EmbeddedPostgres) -> None:
    """Give the superuser the password of the backup, which the programs know; its hash is sent, as to provision."""
    password = read_secret(server.home, SUPERUSER_SECRET)
    hashed = connection.pgconn.encrypt_password(password.encode(), SUPERUSER.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(SUPERUSER), sql.Literal(hashed)))


def _pour(blocks: Iterator[bytes], url: Url, server: EmbeddedPostgres) -> None:
    """Create the database of the dump with its rows, owners, rights and settings."""
    access = access_to(url(MAINTENANCE_DATABASE))
    options = ("--create", "--exit-on-error", f"--dbname={dump.without_password(access)}")
    programs = dump.Programs(folder=server.bin_dir)
    with dump.running(programs, "pg_restore", options, access, reads=True) as process:
        dump.feed(process, blocks)


def _compare(url: str, manifest: Manifest) -> Checksums:
    """Return what the database holds; raise Damaged if it is not what the snapshot held."""
    with administrator(url) as connection:
        found, reached = checksums(connection), positions(connection)
    # A backup of an earlier version counts sequences among the tables, as they were then.
    facts = manifest.facts
    written = {
        name: (int(count), str(total)) for name, (count, total) in facts["checksums"].items() if name not in reached
    }
    if names := differing(written, found) + behind(facts.get("positions", {}), reached):
        message = f"backup {manifest.id} restored is not what was backed up: {manifest.database_name} differs in "
        raise Damaged(message + ", ".join(names[:5]), hint="ops platform list; take an older one")
    return found
