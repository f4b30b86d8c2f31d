"""Limits what one environment's role may take from the server that all environments share.

There is no limit on the time of a statement: dumps, updates and Odoo's own jobs run as this role, too, and may take
hours. A session can change its own idle limit; nobody but a superuser changes the others.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from psycopg import errors as pg
from psycopg import sql

from odooops_dagster.tools.postgres.connections import Connection


@dataclass(frozen=True, kw_only=True)
class RoleLimits:
    """Connections at the same time, temporary files per process, and how long a transaction may be idle."""

    connections: int = 100
    temp_file_mb: int = 20 * 1024
    idle_minutes: int = 60


def limit_roles(connection: Connection, limits: RoleLimits, roles: Collection[str]) -> None:
    """Give the limits to those of the roles that have others; roles of another administrator keep theirs.

    The limit of temporary files is left out where the administrator may not set it.
    """
    settings = _settings(connection, limits)
    for role in _limited_otherwise(connection, limits.connections, settings, roles):
        with suppress(pg.InsufficientPrivilege):
            _limit(connection, role, limits.connections, settings)


def _settings(connection: Connection, limits: RoleLimits) -> dict[str, str]:
    settings = {"idle_in_transaction_session_timeout": f"{limits.idle_minutes}min"}
    [(may_limit_files,)] = connection.execute("select has_parameter_privilege('temp_file_limit', 'set')").fetchall()
    return settings | ({"temp_file_limit": f"{limits.temp_file_mb}MB"} if may_limit_files else {})


def _limited_otherwise(
    connection: Connection, connections: int, settings: dict[str, str], roles: Collection[str]
) -> list[str]:
    rows = connection.execute(
        """
        select r.rolname from pg_roles as r
          left join pg_db_role_setting as s on s.setrole = r.oid and s.setdatabase = 0
         where r.rolname = any(%s::text[]) and not r.rolsuper
           and (r.rolconnlimit <> %s or not coalesce(s.setconfig, '{}') @> %s::text[])
         order by 1
        """,
        [list(roles), connections, [f"{name}={value}" for name, value in settings.items()]],
    )
    return [name for (name,) in rows]


def _limit(connection: Connection, role: str, connections: int, settings: dict[str, str]) -> None:
    name = sql.Identifier(role)
    with connection.transaction():
        connection.execute(sql.SQL("alter role {} connection limit {}").format(name, sql.Literal(connections)))
        for setting, value in settings.items():
            statement = sql.SQL("alter role {} set {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
            connection.execute(statement)
