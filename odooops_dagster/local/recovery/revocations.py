"""Reads from the control plane that a restore replaces what people decided after the backup: revoked keys, holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from odooops_dagster.errors import OdooOpsError
from odooops_dagster.home import ADMINISTRATOR, CONTROL_DATABASE, MAINTENANCE_DATABASE, SUPERUSER
from odooops_dagster.local.clusters import CONTROL
from odooops_dagster.local.postgres import EmbeddedPostgres
from odooops_dagster.local.recovery.lineage import Lineage, lineage_of
from odooops_dagster.local.recovery.sources import DATABASES, Url, access_to
from odooops_dagster.local.role_copies import RoleCopy, read_roles, roles_of
from odooops_dagster.local.superuser import as_superuser
from odooops_dagster.tools.postgres.connections import administrator, reader

_VALID = {
    "keys": "select id from ops.event_keys where revoked_at is null",
    "person_keys": "select id from ops.person_keys where revoked_at is null",
    "holds": "select id, hold_reason from ops.backups where held_at is not null",
    "members": "select project_id, user_id, role::text from ops.project_memberships",
    "exceptions": "select id from ops.exceptions where revoked_at is null",
    "aliases": "select alias, person_id from ops.person_aliases",
    "rules": "select id from ops.notification_rules",
}
# A record that a former version wrote has no such table.
_INVITATIONS = "select id from ops.console_invitations where withdrawn_at is null"


@dataclass(frozen=True, kw_only=True)
class Valid:
    """What is valid in a control plane: its keys, members, logins, holds and whatever else a person may take away."""

    control_plane: UUID
    keys: Sequence[UUID]
    person_keys: Sequence[UUID]
    members: Sequence[Mapping[str, str]]
    holds: Sequence[Mapping[str, str]]
    exceptions: Sequence[UUID]
    invitations: Sequence[UUID] | None  # None: it knows of none
    aliases: Mapping[str, str]  # each with its person's id
    rules: Sequence[int]
    lineage: Lineage
    roles: Mapping[str, RoleCopy]

    def limit(self, copy: RoleCopy) -> RoleCopy:
        """Return the role of a backup without what was taken from it since; a role that is gone logs in no more."""
        now = self.roles.get(copy.name)
        if now is None:
            return replace(copy, attributes={**copy.attributes, "login": False}, verifier=None)
        return replace(
            copy,
            attributes={name: holds and now.attributes.get(name, False) for name, holds in copy.attributes.items()}
            | {"inherit": copy.attributes["inherit"]},
            verifier=now.verifier,
            valid_until=now.valid_until,
            memberships=tuple(each for each in copy.memberships if each[0] in {group for group, *_ in now.memberships}),
        )


def valid_in(home: Path) -> Valid | None:
    """Return what is valid in the stopped control plane of the folder; None if there is none, or it cannot be read.

    Only for who holds the stack's lock.
    """
    server = EmbeddedPostgres(home, CONTROL)
    if not server.data.exists():
        return None
    try:
        server.prepare()
        server.clear_leftovers()
        with as_superuser(server) as url:
            return _read(url)
    except (OdooOpsError, OSError, psycopg.Error):
        return None  # it is replaced because it is damaged


def _read(url: Url) -> Valid:
    with reader(access_to(url(CONTROL_DATABASE)), application="odooops platform restore") as connection:
        [(plane,)] = connection.execute("select id from ops.control_plane").fetchall()
        found: dict[str, list[tuple[Any, ...]]] = {
            name: connection.execute(query).fetchall() for name, query in _VALID.items()
        }
        [(has_invitations,)] = connection.execute(
            "select to_regclass('ops.console_invitations') is not null"
        ).fetchall()
        invitations = connection.execute(_INVITATIONS).fetchall() if has_invitations else None
        lineage = lineage_of(connection)
    with administrator(url(MAINTENANCE_DATABASE)) as connection:
        names = roles_of(connection, DATABASES, logins=CONTROL.logins, others=[SUPERUSER, ADMINISTRATOR])
        roles = {copy.name: copy for copy in read_roles(connection, names)}
    return Valid(
        control_plane=plane,
        keys=[key for (key,) in found["keys"]],
        person_keys=[key for (key,) in found["person_keys"]],
        members=[{"project_id": str(p), "user_id": str(u), "role": role} for p, u, role in found["members"]],
        holds=[{"id": str(backup), "hold_reason": reason} for backup, reason in found["holds"]],
        exceptions=[exception for (exception,) in found["exceptions"]],
        invitations=None if invitations is None else [invitation for (invitation,) in invitations],
        aliases={alias: str(person) for alias, person in found["aliases"]},
        rules=[rule for (rule,) in found["rules"]],
        lineage=lineage,
        roles=roles,
    )
