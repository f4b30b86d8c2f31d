"""Makes the platform's roles and databases on the embedded servers, as their superuser.

The environments' administrator is no superuser: it may create databases and roles, and act as the roles that it made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psycopg import sql

from odooops_dagster.home import (
    ADMINISTRATOR,
    CALLERS,
    COMPARISON_PREFIX,
    CONTROL_DATABASE,
    DAGSTER_DATABASE,
    DATABASE_PREFIX,
    GATEWAY,
    MAINTENANCE_DATABASE,
    OPERATOR,
    SUPERUSER,
    TEMPLATE_PREFIX,
    WORKER,
)
from odooops_dagster.tools.postgres.connections import Connection
from odooops_dagster.tools.postgres.database_rights import close_to_public, execute, rights

_JOBS = (GATEWAY, WORKER, OPERATOR)
# The logins of the control plane's cluster.
OF_CONTROL = (*_JOBS, DAGSTER_DATABASE, CALLERS)
# Returns the password of a role.
Password = Callable[[str], str]
_PG16 = 160000


def provision_control(connection: Connection, password: Password) -> None:
    """Create the databases of the control plane and of Dagster, and their logins with their passwords."""
    for role in OF_CONTROL:
        _ensure_login(connection, role, password=password(role))
    execute(connection, "alter role {} noinherit", CALLERS)
    _ensure_database(connection, CONTROL_DATABASE, owner=SUPERUSER, users=(*_JOBS, CALLERS))
    _ensure_database(connection, DAGSTER_DATABASE, owner=DAGSTER_DATABASE, users=[DAGSTER_DATABASE])
    # Not the callers': they may be many.
    _reserve(connection, (*_JOBS, DAGSTER_DATABASE))


def provision_environments(connection: Connection, password: Password) -> None:
    """Create the environments' administrator with its password, and give it its rights."""
    _ensure_login(connection, ADMINISTRATOR, password=password(ADMINISTRATOR))
    with rights(connection):
        _empower(connection)
        _hand_over(connection)
        # Also what the administrator does not own and could not close.
        close_to_public(connection)
    _reserve(connection, [ADMINISTRATOR])


def _ensure_login(connection: Connection, role: str, *, password: str) -> None:
    name = sql.Identifier(role)
    if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("create role {}").format(name))
    # Send a hash, because statements may appear in a log.
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("alter role {} login password {}").format(name, sql.Literal(hashed)))


def _ensure_database(connection: Connection, name: str, *, owner: str, users: Sequence[str]) -> None:
    if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        execute(connection, "create database {} owner {}", name, owner)
    execute(connection, "revoke connect, temporary on database {} from public", name)
    for user in users:
        execute(connection, "grant connect, temporary on database {} to {}", name, user)


def _empower(connection: Connection) -> None:
    """Let the administrator create, limit, and end sessions: of people too, who may look into a database."""
    execute(connection, "alter role {} createdb createrole", ADMINISTRATOR)
    execute(connection, "grant connect on database {} to {}", MAINTENANCE_DATABASE, ADMINISTRATOR)
    execute(connection, "grant set on parameter temp_file_limit to {}", ADMINISTRATOR)
    execute(connection, "grant pg_signal_backend to {}", ADMINISTRATOR)


def _reserve(connection: Connection, logins: Sequence[str]) -> None:
    """Let the platform's logins in when the server is full."""
    if connection.info.server_version >= _PG16:
        for login in logins:
            execute(connection, "grant pg_use_reserved_connections to {} with inherit true", login)


def _hand_over(connection: Connection) -> None:
    """Give the administrator what earlier versions made as the superuser: the environments' databases and roles."""
    mine = [DATABASE_PREFIX, TEMPLATE_PREFIX, COMPARISON_PREFIX]
    databases = connection.execute(
        """
        select d.datname from pg_database as d join pg_roles as r on r.oid = d.datdba
         where r.rolname = %s
           and exists (select from unnest(%s::text[]) as p (prefix) where starts_with(d.datname, p.prefix))
        """,
        [SUPERUSER, mine],
    ).fetchall()
    for (name,) in databases:
        execute(connection, "alter database {} owner to {}", name, ADMINISTRATOR)
    roles = connection.execute(
        """
        select r.rolname from pg_roles as r
         where r.rolname <> all (%(ours)s) and not r.rolsuper
           and exists (select from unnest(%(mine)s::text[]) as p (prefix) where starts_with(r.rolname, p.prefix))
           and not pg_has_role(%(administrator)s, r.oid, 'member with admin option')
        """,
        {"ours": list(_JOBS), "mine": mine, "administrator": ADMINISTRATOR},
    ).fetchall()
    for (name,) in roles:
        execute(connection, "grant {} to {} with admin option", name, ADMINISTRATOR)
