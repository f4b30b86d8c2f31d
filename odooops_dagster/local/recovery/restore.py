"""Brings a backup of the platform back into a state folder: an empty one, or in the place of what is there.

Everything is made beside its place, and exchanged at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.control import ControlPlane
from odooops_dagster.control.migrate import migrate
from odooops_dagster.control.plane import CarriedRevocations, Settled
from odooops_dagster.errors import Conflict
from odooops_dagster.home import (
    CONTROL_DATABASE,
    SUPERUSER_SECRET,
    StateEntry,
    cluster_folder,
    restoring_folder,
    role_passwords,
    secret_file,
    secrets_folder,
)
from odooops_dagster.local import lock
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.installation import SeenControlPlane, remember_control_plane, seen_control_plane
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.recovery.exchange import exchange, finish_restore
from odooops_dagster.local.recovery.fill import Filled, filled
from odooops_dagster.local.recovery.kept import Parts
from odooops_dagster.local.recovery.revocations import Valid, valid_in
from odooops_dagster.local.recovery.sources import require_embedded
from odooops_dagster.local.state_folder import LEAST_FREE_BYTES, check_space, open_state_folder
from odooops_dagster.model import Environment
from odooops_dagster.settings import Settings
from odooops_dagster.tools.backup.manifest import Manifest
from odooops_dagster.tools.backup.parallel import Progress, silent

_REVIVED = (
    "{why}. What was revoked or removed after {taken_at} works again, and backups that were held since are not held. "
    "Look, and take away: ops key list and revoke, ops person list and key revoke, ops member list and remove, ops "
    "console --invitations and --withdraw, ops exception list and revoke, ops notify rule list and remove, and tokens "
    "and deploy keys in secrets/ of the state folder. Hold: ops backup hold. Then close this: ops incident resolve."
)


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came back, what was under way and was ended, and the environments that wait for a person.

    `to_rebuild` have no database here; `to_compare` are stopped, because a later database of theirs may be here too.
    """

    id: str
    tables: int
    rows: int
    files: int
    ended: Settled
    to_rebuild: tuple[Environment, ...]
    to_compare: tuple[Environment, ...]
    carried: CarriedRevocations | None  # None: what was revoked after the backup is not known, and works again
    withheld: tuple[str, ...]  # secrets that were removed after the backup, and are not brought back


def restore(
    settings: Settings,
    parts: Parts,
    *,
    may_replace: bool,
    progress: Progress = silent,
) -> Restored:
    """Put the backup into the state folder, on which no platform runs.

    Args:
        settings: they name the state folder.
        parts: the backup, and its place in the store.
        may_replace: whether a control plane that is there is put aside.
        progress: told the bytes.

    Raises:
        Conflict: a platform runs on the folder, or it holds a control plane that may not be replaced.
        Damaged: the backup is not what was written; the folder is as it was.
    """
    home = settings.home
    require_embedded(settings)
    open_state_folder(home)
    check_space(home, least=LEAST_FREE_BYTES + 2 * parts.size_bytes)
    with lock.hold(home):
        finish_restore(home)
        if cluster_folder(home, CONTROL.entry).exists() and not may_replace:
            raise Conflict(
                f"{home} holds a control plane already",
                hint="--replace puts it aside, or name another folder in ODOOOPS_HOME",
            )
        server = EmbeddedPostgres(home, CONTROL)
        if server.running():
            server.stop()
        # A folder that lost its secrets does not tell which of them a person removed.
        has_secrets = secret_file(home, SUPERUSER_SECRET).exists()
        valid, why = _valid_now(home, parts.record)
        folder = _empty_folder(home)
        _bring_secrets(home, folder)
        limit = valid.limit if valid else lambda role: role
        with filled(
            folder,
            parts,
            durable=True,
            progress=progress,
            limit=limit,
            knows_removed_files=valid is not None and has_secrets,
        ) as made:
            _keep_passwords(home, folder)
            carried = _carry(made, valid, parts.record, why=why)
            has_databases = _has_databases(settings)
            ended, living = _settle(made, parts.record, home, folder, has_databases=has_databases)
        exchange(home, backup_id=parts.record.id)
    return Restored(
        id=parts.record.id,
        tables=made.tables,
        rows=made.rows,
        files=made.files,
        ended=ended,
        carried=carried,
        withheld=made.withheld,
        to_rebuild=() if has_databases else living,
        to_compare=tuple(each for each in living if each.database_name is not None and each.stage != "development"),
    )


def _empty_folder(home: Path) -> Path:
    folder = restoring_folder(home)
    if folder.exists():
        EmbeddedPostgres(folder, CONTROL).clear_leftovers()
        shutil.rmtree(folder)
    folder.mkdir(mode=0o711)
    return folder


def _has_databases(settings: Settings) -> bool:
    """Return whether the environments' databases may be there: on a server elsewhere, or in the folder."""
    return settings.odoo_database_url is not None or cluster_folder(settings.home, StateEntry.POSTGRES).exists()


def _bring_secrets(home: Path, folder: Path) -> None:
    """Copy the secrets that are there; the backup's are written over those that are older than it."""
    with suppress(FileNotFoundError):
        shutil.copytree(secrets_folder(home), secrets_folder(folder))
    secrets_folder(folder).mkdir(mode=0o700, exist_ok=True)


def _keep_passwords(home: Path, folder: Path) -> None:
    """Keep the passwords of the environments' roles that are there: their server is not restored."""
    for path in _files(role_passwords(secrets_folder(home))):
        shutil.copy2(path, role_passwords(secrets_folder(folder)) / path.name)


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.glob("*") if path.is_file())


def _valid_now(home: Path, record: Manifest) -> tuple[Valid | None, str]:
    """Return what is valid in the control plane that is replaced, and if that says nothing of the backup, why not."""
    if not cluster_folder(home, CONTROL.entry).exists():
        return None, "No record was there"
    valid = valid_in(home)
    made_by = record.facts.get("control_plane")
    if valid is None:
        return None, "The record that was there cannot be read"
    if made_by not in (None, str(valid.control_plane)):
        return None, "The record that was there is another control plane's"
    if not valid.lineage.knows(record):
        return None, "The record that was there is older than the backup, or of another line"
    return valid, ""


def _carry(made: Filled, valid: Valid | None, record: Manifest, *, why: str) -> CarriedRevocations | None:
    """Take from the restored record what was revoked since; say with an alarm where nobody knows what that is."""
    url = made.url(CONTROL_DATABASE)
    migrate(url)
    with ControlPlane(url, max_connections=1, is_patient=False) as control:
        if valid is not None:
            return control.plane.carry_revocations(
                keys=valid.keys,
                person_keys=valid.person_keys,
                members=valid.members,
                holds=valid.holds,
                exceptions=valid.exceptions,
                invitations=valid.invitations,
                aliases=valid.aliases,
                rules=valid.rules,
            )
        control.incidents.raise_alarm(
            "revived_keys",
            title="Keys, members and logins are those of a backup",
            description=_REVIVED.format(why=why, taken_at=f"{record.taken_at:%Y-%m-%d %H:%M %Z}"),
            severity="major",
        )
    return None


def _settle(
    made: Filled, record: Manifest, home: Path, folder: Path, *, has_databases: bool
) -> tuple[Settled, tuple[Environment, ...]]:
    """End what the record has under way, and have the janitor ask before it acts."""
    with ControlPlane(made.url(CONTROL_DATABASE), max_connections=1, is_patient=False) as control:
        ended = control.plane.settle_restored(record.id, taken_at=record.taken_at, has_databases=has_databases)
        plane = control.plane.get()
        living = [each for each in control.environments.list() if each.status != "destroyed" and not each.is_adopted]
    seen = seen_control_plane(home)
    if seen is None or seen.id != plane.id or seen.rounds <= plane.rounds:
        # One round more than the record has: it is an older one, and what was made since may serve elsewhere.
        seen = SeenControlPlane(id=plane.id, rounds=plane.rounds + 1)
    remember_control_plane(folder, seen)
    return ended, tuple(living)
