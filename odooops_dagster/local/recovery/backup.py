"""Backs the platform up: one snapshot of each of its databases, its roles and its secrets."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote
from uuid import UUID

from odooops_dagster.errors import Unavailable
from odooops_dagster.files import locked
from odooops_dagster.home import (
    ADMINISTRATOR,
    CONTROL_DATABASE,
    MAINTENANCE_DATABASE,
    SUPERUSER,
    StateEntry,
    backup_lock,
    installation_file,
    secrets_folder,
)
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.installation import SeenControlPlane, remember_control_plane, seen_control_plane
from odooops_dagster.local.recovery.kept import Parts, PlatformBackups
from odooops_dagster.local.recovery.lineage import lineage_of
from odooops_dagster.local.recovery.sources import DATABASES, Url, access_to, require_embedded, superuser_of
from odooops_dagster.local.role_copies import read_roles, roles_of
from odooops_dagster.local.state_folder import LAYOUT
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.create import create_from_streams
from odooops_dagster.tools.backup.dump import Programs, Snapshot, snapshot
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.parallel import Progress, silent
from odooops_dagster.tools.backup.repository import Repository
from odooops_dagster.tools.postgres.connections import administrator, reader

# The names of what is no database, among the files of the record's manifest.
ROLES, FILES = "platform/roles.json", "files"
_SCRATCH = ".backup-"


def back_up(settings: Settings, backups: PlatformBackups, *, now: datetime, progress: Progress = silent) -> Parts:
    """Back the platform up, while it runs or not, and return the backup, which is not proved yet.

    Both snapshots are opened before either database is dumped. Killed anywhere, there is no backup, and the next one
    sends again only what is not in the store.

    Raises:
        BadInput: the control plane is on a server of the operator's own.
        Unavailable: the platform was never started here, or its server or the store does not answer.
    """
    server = require_embedded(settings)
    if not server.data.exists():
        raise Unavailable(f"{settings.home} holds no control plane to back up", hint="ops up")
    backup_id = f"{now:%Y%m%d%H%M%S}-{token_hex(3)}"
    programs = Programs(folder=server.bin_dir)
    with ExitStack() as stack:
        stack.enter_context(locked(backup_lock(settings.home)))
        folder = stack.enter_context(_scratch(secrets_folder(settings.home)))
        url = stack.enter_context(superuser_of(settings))
        moments = [stack.enter_context(snapshot(access_to(url(name)), programs=programs)) for name in DATABASES]
        _stage(settings.home, folder, _roles(url))
        place = backups.place(_identify(settings.home, url(CONTROL_DATABASE)))
        place.claim()
        draft = _draft(moments[1], backup_id, {})
        dagster = _keep(place.dagster, moments[1], draft, folder / "nothing", progress=progress)
        facts = {
            "version": version("odooops"),
            "layout": LAYOUT,
            "home": str(settings.home),
            "control_plane": str(place.platform),
            # A restore keeps a secret that is there and younger: it was rotated since.
            "changed_at": {path.name: path.stat().st_mtime for path in (folder / FILES).iterdir()},
            "dagster": {"manifest": dagster.key, "sha256": dagster.sha256, "size_bytes": dagster.size_bytes},
            **_counts(url(CONTROL_DATABASE)),
        }
        draft = _draft(moments[0], backup_id, facts)
        record = _keep(place.record, moments[0], draft, folder, progress=progress)
    return Parts(place=place, record=record, dagster=dagster)


@contextmanager
def _scratch(secrets: Path) -> Iterator[Path]:
    """Yield a folder among the secrets, where their copies are as closed as they; remove what a killed backup left."""
    for left in secrets.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=secrets) as folder:
        yield Path(folder)


def _draft(moment: Snapshot, backup_id: str, facts: Mapping[str, Any]) -> Manifest:
    """Return the manifest of a dump that is not written yet, with what the database holds, table by table."""
    held = {"checksums": moment.checksums(), "positions": moment.positions()}
    empty = Manifest.draft(backup_id, taken_at=moment.taken_at, database_name=moment.database, dump_format="custom")
    return replace(empty, facts={**facts, "server_version": moment.server_version, **held})


def _keep(repository: Repository, moment: Snapshot, draft: Manifest, folder: Path, *, progress: Progress) -> Manifest:
    """Store the snapshot's dump and the files of the folder; the manifest comes last."""
    with moment.dump() as stream:
        return create_from_streams(repository, stream, folder, manifest=draft, progress=progress).manifest


def _roles(url: Url) -> list[dict[str, Any]]:
    with administrator(url(MAINTENANCE_DATABASE)) as connection:
        names = roles_of(connection, DATABASES, logins=CONTROL.logins, others=[SUPERUSER, ADMINISTRATOR])
        return [asdict(copy) for copy in read_roles(connection, names)]


def _identify(home: Path, url: str) -> UUID:
    """Return the control plane's id; the folder remembers it from now on, if it does not yet."""
    with reader(access_to(url), application="odooops platform backup") as connection:
        [(plane, rounds)] = connection.execute("select id, rounds from ops.control_plane").fetchall()
    if seen_control_plane(home) is None:
        remember_control_plane(home, SeenControlPlane(id=plane, rounds=rounds))
    found: UUID = plane
    return found


def _counts(url: str) -> dict[str, Any]:
    """Return what a list of backups says of the record, and its lineage; a moment later than its snapshot."""
    queries = {
        "environments": "select count(*) from ops.environments where destroyed_at is null",
        "unfinished_runs": "select count(*) from ops.runs where status in ('queued', 'claimed', 'running')",
    }
    with reader(access_to(url), application="odooops platform backup") as connection:
        counts = {name: connection.execute(query).fetchall()[0][0] for name, query in queries.items()}
        return counts | lineage_of(connection).facts()


def _stage(home: Path, folder: Path, roles: Sequence[Mapping[str, Any]]) -> None:
    """Copy the roles and the files that the platform cannot make again into the folder, as names of two words."""
    (folder / ROLES).parent.mkdir()
    (folder / ROLES).write_text(json.dumps(roles))
    (folder / FILES).mkdir()
    for path in kept_files(home):
        shutil.copy2(path, folder / FILES / quote(path.relative_to(home).as_posix(), safe=""))


def kept_files(home: Path) -> Iterator[Path]:
    """Yield the files of the state folder that belong to a backup: the secrets, and the installation's id."""
    if installation_file(home).exists():
        yield installation_file(home)
    for path in sorted((home / StateEntry.SECRETS).rglob("*")):
        is_hidden = any(word.startswith(".") for word in path.relative_to(home).parts)
        if path.is_file() and not path.is_symlink() and not is_hidden:
            yield path
