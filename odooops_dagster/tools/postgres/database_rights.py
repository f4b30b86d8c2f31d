"""Roles, rights and marks on the environments' PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from psycopg import sql

from odooops_dagster.ownership import Mark
from odooops_dagster.tools.postgres.connections import Connection

# Start of the comment on an environment's role; the mark follows.
ROLE_MARK = "odooops environment"
# Key of the advisory lock for changes of rights: PostgreSQL refuses concurrent updates of a catalog row. Any constant
# works.
_RIGHTS_LOCK = 0x0D00_0001
_PG16 = 160000


def holders(connection: Connection, name: str) -> list[str]:
    """Return the environments' roles that have rights on the database."""
    rows = connection.execute(
        """
        select distinct grantee.rolname
          from pg_database as d, aclexplode(d.datacl) as right_held
          join pg_roles as grantee on grantee.oid = right_held.grantee
         where d.datname = %s and starts_with(shobj_description(grantee.oid, 'pg_authid'), %s)
        """,
        [name, ROLE_MARK],
    )
    return [role for (role,) in rows]


def end_connections(connection: Connection, name: str) -> None:
    """End all client sessions of the database."""
    # Clients only: PostgreSQL ends its own workers, and only a superuser may end them or a superuser's session.
    connection.execute(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = %s and pid <> pg_backend_pid() and backend_type = 'client backend'
           and (current_setting('is_superuser') = 'on' or not (select rolsuper from pg_roles where oid = usesysid))
        """,
        [name],
    )


@contextmanager
def rights(connection: Connection) -> Iterator[None]:
    """Hold the advisory lock for changes of roles and rights."""
    connection.execute("select pg_advisory_lock(%s)", [_RIGHTS_LOCK])
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(%s)", [_RIGHTS_LOCK])


def close_to_public(connection: Connection) -> None:
    """Revoke `connect` from PUBLIC on every open database, and grant it to logins that are not environments' roles."""
    for database in open_to_public(connection):
        for login in _other_logins(connection):
            execute(connection, "grant connect on database {} to {}", database, login)
        execute(connection, "revoke connect on database {} from public", database)


def open_to_public(connection: Connection) -> list[str]:
    """Return the databases that every role may connect to."""
    query = "select datname from pg_database where datallowconn and has_database_privilege('public', oid, 'connect')"
    return [name for (name,) in connection.execute(query)]


def _other_logins(connection: Connection) -> list[str]:
    rows = connection.execute(
        """
        select rolname from pg_roles
         where rolcanlogin and not rolsuper
           and not starts_with(coalesce(shobj_description(oid, 'pg_authid'), ''), %s)
        """,
        [ROLE_MARK],
    )
    return [name for (name,) in rows]


def role_exists(connection: Connection, role: str) -> bool:
    """Return whether the server has the role."""
    return bool(connection.execute("select from pg_roles where rolname = %s", [role]).rowcount)


def set_password(connection: Connection, role: str, password: str) -> None:
    """Set the password by its SCRAM verifier, so that the password never appears in a server log."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))
    connection.execute(statement)


def comment(connection: Connection, on: LiteralString, name: str, text: str) -> None:
    """Write the comment of a role or database."""
    statement = sql.SQL("comment on " + on + " {} is {}").format(sql.Identifier(name), sql.Literal(text))
    connection.execute(statement)


def database_marks(connection: Connection, prefix: str) -> dict[str, Mark | None]:
    """Return the databases whose names start with the prefix, sorted, each with its mark."""
    query = """
        select datname, shobj_description(oid, 'pg_database') from pg_database where starts_with(datname, %s)
         order by datname
        """
    return {name: Mark.parse(text) for name, text in connection.execute(query, [prefix])}


def role_marks(connection: Connection, prefix: str) -> dict[str, Mark | None]:
    """Return the roles whose names start with the prefix, sorted, each with its mark."""
    query = """
        select rolname, shobj_description(oid, 'pg_authid') from pg_roles where starts_with(rolname, %s)
         order by rolname
        """
    return {name: Mark.parse(text) for name, text in connection.execute(query, [prefix])}


def may_act_as(connection: Connection, role: str) -> None:
    """Make the administrator a member of the role, to manage its objects without superuser rights (managed servers)."""
    is_member = "select pg_has_role(current_user, %s, 'member') and pg_has_role(current_user, %s, 'usage')"
    row = connection.execute(is_member, [role, role]).fetchone()
    if row and row[0]:
        return
    # Since PostgreSQL 16, the creator of a role may administer it but is not a member of it.
    with_options = " with inherit true, set true" if connection.info.server_version >= _PG16 else ""
    statement = sql.SQL("grant {} to current_user").format(sql.Identifier(role))
    connection.execute(statement + sql.SQL(with_options))


def execute(connection: Connection, statement: LiteralString, *names: str) -> None:
    """Run a statement with quoted names in its placeholders."""
    connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))
