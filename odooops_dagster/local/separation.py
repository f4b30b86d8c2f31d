"""Moves the control plane and Dagster's storage out of the cluster in which earlier versions kept all databases.

The environments' databases stay where they are, under the same port and socket. The copy is made beside its place and
compared; the rename to its place decides. Killed before that, the next start begins anew; killed after it, the next
start drops what was moved.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import Unavailable
from odooops_dagster.files import sync_folder
from odooops_dagster.home import (
    ADMINISTRATOR,
    CONTROL_DATABASE,
    DAGSTER_DATABASE,
    MAINTENANCE_DATABASE,
    SUPERUSER,
)
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.role_copies import copy_roles, drop_unused, roles_of
from odooops_dagster.local.state_folder import LEAST_FREE_BYTES, check_space, mark_layout
from odooops_dagster.local.superuser import as_superuser, forget_set_up
from odooops_dagster.tools.postgres.checksums import checksums, differing, positions
from odooops_dagster.tools.postgres.connections import Connection, administrator
from odooops_dagster.tools.postgres.creation import drop_database
from odooops_dagster.tools.postgres.database_rights import comment, execute

_MOVED = (CONTROL_DATABASE, DAGSTER_DATABASE)
# Databases that earlier versions opened to every login that is not an environment's.
_OPEN = (MAINTENANCE_DATABASE, "template1")
_MARK = "moved to the control plane's cluster"
_HINT = "nothing was changed: go on with the version before, or free space and start again; logs/up.log says more"
Url = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Separated:
    """The databases that were moved, and their rows."""

    databases: tuple[str, ...]
    rows: int


def separate(former: EmbeddedPostgres, control: EmbeddedPostgres) -> Separated | None:
    """Move the platform's own databases to the control plane's cluster; None if they are there, or nowhere.

    Call it only while neither server runs.

    Raises:
        Unavailable: the disk has no room for the copy, or the copy is not the same.
    """
    if control.data.exists() or not former.data.exists():
        return None
    former.prepare()
    former.clear_leftovers()
    with as_superuser(former) as source:
        found = _found(source)
        if not found:
            return None
        draft = _draft(control, source, found)
        with as_superuser(draft) as target:
            rows = _copy(source, target, found, bin_dir=draft.bin_dir)
    # From here on, no earlier version may write to what was copied.
    mark_layout(control.home)
    forget_set_up(former)
    draft.data.rename(control.data)
    sync_folder(control.data.parent)
    return Separated(databases=tuple(found), rows=rows)


def drop_moved(connection: Connection) -> None:
    """Drop what was moved from the cluster in which it was, and the roles that it leaves without a use.

    Without the databases nothing shows which roles these are, so that each is marked before.
    """
    with connection.transaction():
        for role in _roles(connection, _MOVED):
            comment(connection, "role", role, _MARK)
    for name in _MOVED:
        drop_database(connection, name)
    query = "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = %s"
    roles = [name for (name,) in connection.execute(query, [_MARK])]
    for role in roles:
        for database in _OPEN:
            execute(connection, "revoke connect, temporary on database {} from {}", database, role)
    drop_unused(connection, roles)


def _found(source: Url) -> list[str]:
    """Return the platform's own databases that are in the cluster."""
    with administrator(source(MAINTENANCE_DATABASE)) as connection:
        rows = connection.execute("select datname from pg_database where datname = any(%s::text[])", [list(_MOVED)])
        return sorted(name for (name,) in rows)


def _roles(connection: Connection, databases: Sequence[str]) -> list[str]:
    return roles_of(connection, databases, logins=CONTROL.logins, others=[SUPERUSER, ADMINISTRATOR])


def _draft(control: EmbeddedPostgres, source: Url, databases: Sequence[str]) -> EmbeddedPostgres:
    """Return a new cluster beside its place, after what a killed start left of one was removed."""
    with administrator(source(MAINTENANCE_DATABASE)) as connection:
        query = "select coalesce(sum(pg_database_size(datname)), 0)::bigint from unnest(%s::text[]) as d (datname)"
        [(size,)] = connection.execute(query, [list(databases)]).fetchall()
    check_space(control.home, least=LEAST_FREE_BYTES + int(size))
    draft = EmbeddedPostgres(control.home, control.cluster, data=control.data.with_name("data.moving"))
    if draft.data.exists():
        draft.clear_leftovers()
        shutil.rmtree(draft.data)
    draft.prepare()
    return draft


def _copy(source: Url, target: Url, databases: Sequence[str], *, bin_dir: Path) -> int:
    """Copy the roles and the databases, and return the number of rows that both have."""
    with (
        administrator(source(MAINTENANCE_DATABASE)) as former,
        administrator(target(MAINTENANCE_DATABASE)) as new,
    ):
        copy_roles(former, new, _roles(former, databases))
    rows = 0
    for name in databases:
        _pour(source(name), target(MAINTENANCE_DATABASE), bin_dir=bin_dir)
        rows += _compare(name, source(name), target(name))
    return rows


def _pour(source: str, target: str, *, bin_dir: Path) -> None:
    """Make the database of `source` on the server of `target`, with its rights and settings."""
    dump = [str(bin_dir / "pg_dump"), "--format=custom", "--compress=none", f"--dbname={source}"]
    load = [str(bin_dir / "pg_restore"), "--create", "--exit-on-error", f"--dbname={target}"]
    with subprocess.Popen(dump, env=clean_environment(), stdout=subprocess.PIPE) as dumping:
        loaded = subprocess.run(load, env=clean_environment(), stdin=dumping.stdout, check=False)
    if dumping.returncode or loaded.returncode:
        raise Unavailable("the control plane's database cannot be copied to a cluster of its own", hint=_HINT)


def _compare(name: str, source: str, target: str) -> int:
    """Return the number of rows; raise Unavailable if the copy differs."""
    with administrator(source) as former, administrator(target) as new:
        before, after = checksums(former), checksums(new)
        found = differing(before, after) + differing(positions(former), positions(new))
    if found:
        raise Unavailable(f"the copy of database {name} differs in {', '.join(found)}", hint=_HINT)
    return sum(count for count, _ in before.values())
